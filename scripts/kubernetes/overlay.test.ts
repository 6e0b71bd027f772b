import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { findImages } from "./find-images.ts";
import { overlay } from "./overlay.ts";

test("images that a registry has are taken from there by digest, so that one built again is rolled out", async () => {
  const registry = createServer((request, response) => {
    const [, name] = /^\/v2\/pricefleet\/(\w+)\/manifests\//.exec(request.url ?? "") ?? [];
    response.setHeader("docker-content-digest", `sha256:${name}`).end();
  });
  registry.listen(0, "127.0.0.1");
  await once(registry, "listening");
  const place = `127.0.0.1:${(registry.address() as AddressInfo).port}`;
  const images = await findImages(place);
  registry.close();
  registry.closeAllConnections();
  expect(JSON.parse(overlay("prices", images))).toMatchObject({
    namespace: "prices",
    images: [
      { name: "pricefleet/service", newName: `${place}/pricefleet/service`, digest: "sha256:service" },
      { name: "pricefleet/browser", newName: `${place}/pricefleet/browser`, digest: "sha256:browser" },
    ],
  });
  expect(await findImages(place)).toEqual([]);
});
