import { ExitCode } from "@pricefleet/contracts";
import { keepSecrets, type WantedSecret, wantedSecrets } from "@pricefleet/kubernetes";

/**
 * The cluster's first Job: makes the Secrets that are missing in its own namespace. Its arguments are what they are for;
 * without any, all.
 */
const wanted: Record<string, WantedSecret> = wantedSecrets;
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => wanted[name] === undefined);
if (unknown.length > 0) {
  console.error(`There is no Secret for ${unknown.join(", ")}; there are ${Object.keys(wanted).join(", ")}`);
  process.exit(ExitCode.badEnvironment);
}
const made = await keepSecrets(
  Object.entries(wanted)
    .filter(([name]) => asked.length === 0 || asked.includes(name))
    .map(([, secret]) => secret),
);
console.log(made.length === 0 ? "all Secrets are there" : `made ${made.join("; ")}`);
