import { join } from "node:path";
import { apply, kubectl, waitForRollouts } from "./cluster.ts";

/** What k8s/ is rendered for. */
export const NAMESPACE = "pricefleet";
const MARKETPLACE = "sample-marketplace";
const fixture = (name: string) => join(import.meta.dirname, name);

/** An empty cluster with the sample marketplace beside it, and the settings that k8s/'s pods find when they start. */
export function prepare(settings: Record<string, string> = {}): void {
  removeAll();
  apply("k8s/00-namespace.yaml");
  openMarketplace(NAMESPACE, settings);
}

/** The sample marketplace in a namespace of its own, and what lets the workers of `namespace` use it. */
export function openMarketplace(namespace: string, settings: Record<string, string> = {}): void {
  apply(fixture("sample-marketplace.yaml"));
  apply(fixture("use-marketplace.yaml"), namespace);
  const patch = JSON.stringify({ data: settings });
  kubectl("-n", namespace, "patch", "configmap", "pricefleet-settings", `--patch=${patch}`);
  kubectl("-n", MARKETPLACE, "wait", "--for=condition=Ready", "pod/marketplace", "--timeout=120s");
}

export function removeAll(namespace = NAMESPACE): void {
  kubectl("delete", "namespace", namespace, MARKETPLACE, "--ignore-not-found", "--timeout=200s");
}

export function waitUntilUp(namespace: string): void {
  waitForRollouts(namespace, "statefulset/postgres", "statefulset/rabbitmq", "deployment/api");
  waitForRollouts(namespace, "deployment/dispatcher", "deployment/worker");
}
