import { join } from "node:path";
import { apply, kubectl, waitForRollouts } from "./cluster.ts";
import { setFaults } from "./look.ts";

/** What k8s/ is rendered for. */
export const NAMESPACE = "pricefleet";
const MARKETPLACE = "sample-marketplace";
export const fixture = (name: string) => join(import.meta.dirname, name);

/** An empty cluster with the sample marketplace beside it, and the settings that k8s/'s pods find when they start. */
export function prepare(settings: Record<string, string> = {}): void {
  removeAll();
  apply("k8s/00-namespace.yaml");
  openMarketplace(NAMESPACE, settings);
}

/** An empty namespace that takes no pod that restricted Pod Security forbids: where the chart is installed. */
export function restrictedNamespace(namespace: string): void {
  removeAll(namespace);
  kubectl("create", "namespace", namespace);
  kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted");
}

/** The sample marketplace, without faults, in a namespace of its own, and what lets the workers of `namespace` use it. */
export function openMarketplace(namespace: string, settings: Record<string, string> = {}): void {
  apply(fixture("sample-marketplace.yaml"));
  apply(fixture("use-marketplace.yaml"), namespace);
  const patch = JSON.stringify({ data: settings });
  kubectl("-n", namespace, "patch", "configmap", "pricefleet-settings", `--patch=${patch}`);
  kubectl("-n", MARKETPLACE, "wait", "--for=condition=Ready", "pod/marketplace", "--timeout=120s");
  setFaults();
}

/** After the last file; until then all use the one marketplace. */
export function closeMarketplace(): void {
  kubectl("delete", "namespace", MARKETPLACE, "--ignore-not-found", "--wait=false");
}

/** Waits until nothing of it is there. */
export function removeAll(namespace = NAMESPACE): void {
  leave(namespace);
  kubectl("wait", "--for=delete", `namespace/${namespace}`, "--timeout=200s");
}

/**
 * What a file does at its end: gives NodePorts and processor back at once, without the patience that pods at work are
 * otherwise given, and leaves the rest to the cluster while the next file installs in another namespace.
 */
export function leave(namespace = NAMESPACE): void {
  kubectl("-n", namespace, "delete", "services", "--all");
  kubectl("delete", "namespace", namespace, "--ignore-not-found", "--wait=false");
  kubectl("-n", namespace, "delete", "pods", "--all", "--grace-period=0", "--force");
}

export function waitUntilUp(namespace: string): void {
  waitForRollouts(namespace, "statefulset/postgres", "statefulset/rabbitmq", "deployment/api");
  waitForRollouts(namespace, "deployment/dispatcher", "deployment/worker");
}
