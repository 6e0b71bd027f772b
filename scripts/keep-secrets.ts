import { keepSecrets, wantedSecrets } from "@pricefleet/kubernetes";

/** The cluster's first Job: makes the Secrets that are missing in its own namespace. */
const made = await keepSecrets(wantedSecrets);
console.log(made.length === 0 ? "all Secrets are there" : `made ${made.join("; ")}`);
