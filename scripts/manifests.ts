// make manifests: writes k8s/ as the chart renders it.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "@pricefleet/contracts";
import { renderManifests } from "./kubernetes/render-manifests.ts";

const folder = join(import.meta.dirname, "../k8s");

try {
  const manifests = renderManifests();
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) if (!manifests.has(name)) rmSync(join(folder, name));
  for (const [name, text] of manifests) writeFileSync(join(folder, name), text);
  console.log(`k8s/ has ${manifests.size} files`);
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = 1;
}
