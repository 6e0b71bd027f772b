/** A worker of its own: learns `count` cookies of one host, one by one, and saves after each. Used by host-profiles.test.ts. */
import { createLogger } from "@pricefleet/logging";
import { createHostProfiles } from "../host-profiles.ts";

const [dir = "", name = "", count = "0"] = process.argv.slice(2);
const logger = createLogger({ service: name, level: "warn", format: "json" });
for (let index = 0; index < Number(count); index += 1) {
  const profiles = createHostProfiles({ dir, chromiumMajor: Promise.resolve(null), logger });
  const profile = await profiles.get("shop.example");
  await profile.jar.setCookie(`${name}-${index}=1; Max-Age=3600`, "https://shop.example/");
  profile.changed();
  await profiles.close();
}
