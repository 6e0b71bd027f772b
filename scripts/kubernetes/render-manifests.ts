import { KUBE_VERSION } from "./render-chart.ts";
import { runTool } from "./tools.ts";

/** What differs in k8s/ from a release of the chart's own values. */
const values = ["namespace.create=true", "worker.suspendedJob=true"];
const NAMESPACE = "pricefleet";

/**
 * The files of k8s/ as the chart (a folder, or a package) makes them: a file for each of its templates, and
 * `Kustomization` for `kubectl apply -k`. That is not called kustomization.yaml, which `kubectl apply -f k8s/` would
 * send to the cluster.
 * @throws ToolMissingError without helm, CommandFailedError with what helm found wrong.
 */
export function renderManifests(chart = "helm/pricefleet"): Map<string, string> {
  const rendered = runTool("helm", [
    "template",
    "pricefleet",
    chart,
    `--namespace=${NAMESPACE}`,
    `--kube-version=${KUBE_VERSION}`,
    "--skip-tests",
    ...values.map((value) => `--set=${value}`),
  ]);
  const files = new Map<string, string[]>();
  for (const document of rendered.split(/^---\n/m)) {
    const [, file] = /^# Source: pricefleet\/templates\/(\S+)\n/.exec(document) ?? [];
    if (file === undefined) continue;
    const body = document
      .slice(document.indexOf("\n") + 1)
      .replaceAll(/^\s*\n/gm, "")
      .trimEnd();
    const documents = files.get(file) ?? [];
    if (!isOnlyComment(body) || documents.length === 0) documents.push(body);
    files.set(file, documents);
  }
  const names = [...files.keys()].toSorted();
  const manifests = new Map(names.map((name) => [name, wholeFile(name, files.get(name) ?? [])]));
  manifests.set("Kustomization", kustomization(names));
  return manifests;
}

function wholeFile(name: string, documents: readonly string[]): string {
  return `# Rendered from helm/pricefleet/templates/${name} by "make manifests"; change it there.\n${documents.join("\n---\n")}\n`;
}

function isOnlyComment(document: string): boolean {
  return document.split("\n").every((line) => line === "" || line.startsWith("#"));
}

function kustomization(names: readonly string[]): string {
  const resources = names.map((name) => `  - ${name}`).join("\n");
  return `# Rendered by "make manifests". For kubectl apply -k k8s/\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n${resources}\n`;
}
