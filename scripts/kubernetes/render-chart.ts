import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { CommandFailedError, runTool } from "./tools.ts";

/** Rendering asks no cluster; any version that the chart allows will do. */
export const KUBE_VERSION = "1.34.0";

export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; labels?: Record<string, string> };
  // oxlint-disable-next-line typescript/no-explicit-any -- whatever a kind has
  spec?: any;
  data?: Record<string, string>;
}

/** The chart with these values, as text. @throws CommandFailedError with what helm found wrong. */
export function renderChart(values: object): string {
  const args = ["template", "pricefleet", "helm/pricefleet", "--namespace=prices"];
  return runTool("helm", [...args, `--kube-version=${KUBE_VERSION}`, "--values=-"], {
    input: JSON.stringify(values),
  });
}

export function objectsOf(rendered: string): KubernetesObject[] {
  return parseAllDocuments(rendered)
    .map((document) => document.toJS() as KubernetesObject | null)
    .filter((object) => object !== null);
}

const schemas = join(import.meta.dirname, "../../test/kubernetes/schemas");

/** What kubeconform says of manifests, objects of KEDA and the Prometheus operator included; it refuses unknown fields. */
export function conform(manifests: string): string {
  const own = `-schema-location=${schemas}/{{ .ResourceKind }}{{ .KindSuffix }}.json`;
  try {
    // Kubernetes's own kinds from where kubeconform finds them, which is asked last because it may be far away.
    const args = ["-strict", "-summary", own, "-schema-location=default"];
    return runTool("kubeconform", args, { input: manifests });
  } catch (error) {
    if (error instanceof CommandFailedError) return error.message;
    throw error;
  }
}
