import { join } from "node:path";
import { olderVersion } from "../../scripts/kubernetes/build-images.ts";
import { renderManifests } from "../../scripts/kubernetes/render-manifests.ts";
import { runTool } from "../../scripts/kubernetes/tools.ts";
import { kubectlWith } from "./cluster.ts";

/** The chart packaged as the version before this one: the same templates, with its version in names, labels and images. */
export function packOlderChart(): string {
  const folder = join(import.meta.dirname, "../../.local/test-k8s");
  runTool("helm", [
    "package",
    "helm/pricefleet",
    `--version=${olderVersion}`,
    `--app-version=${olderVersion}`,
    `--destination=${folder}`,
  ]);
  return join(folder, `pricefleet-${olderVersion}.tgz`);
}

/** What `kubectl apply -f k8s/` was in the version before this one. */
export function applyOlderManifests(): void {
  const files = [...renderManifests(packOlderChart())].filter(([name]) => name.endsWith(".yaml"));
  kubectlWith(files.map(([, text]) => text).join("\n---\n"), "apply", "--filename=-");
}
