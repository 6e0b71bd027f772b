import { join } from "node:path";
import { apply, kubectl, waitForRollouts } from "./cluster.ts";

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
  kubectl("create", "namespace", namespace);
  kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted");
}

/** The sample marketplace in a namespace of its own, and what lets the workers of `namespace` use it. */
export function openMarketplace(namespace: string, settings: Record<string, string> = {}): void {
  apply(fixture("sample-marketplace.yaml"));
  apply(fixture("use-marketplace.yaml"), namespace);
  const patch = JSON.stringify({ data: settings });
  kubectl("-n", namespace, "patch", "configmap", "pricefleet-settings", `--patch=${patch}`);
  kubectl("-n", MARKETPLACE, "wait", "--for=condition=Ready", "pod/marketplace", "--timeout=120s");
}

/** A namespace that holds its pods to restricted Pod Security. */
export function makeNamespace(namespace: string): void {
  kubectl("create", "namespace", namespace);
  kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted");
}

/** Without the patience that pods at work are otherwise given: nothing of them is needed any more. */
export function removeAll(namespace = NAMESPACE): void {
  kubectl("delete", "namespace", namespace, MARKETPLACE, "--ignore-not-found", "--wait=false");
  for (const name of [namespace, MARKETPLACE]) {
    kubectl("-n", name, "delete", "pods", "--all", "--grace-period=0", "--force");
    kubectl("wait", "--for=delete", `namespace/${name}`, "--timeout=200s");
  }
}

export function waitUntilUp(namespace: string): void {
  waitForRollouts(namespace, "statefulset/postgres", "statefulset/rabbitmq", "deployment/api");
  waitForRollouts(namespace, "deployment/dispatcher", "deployment/worker");
}
