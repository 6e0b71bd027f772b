import type { CoreV1Event, V1Deployment, V1Job, V1Pod, V1StatefulSet } from "@kubernetes/client-node";
import { explainPod, explainRefusal } from "@pricefleet/kubernetes";

export const COMPONENT_LABEL = "app.kubernetes.io/name";

/** What kubectl lists of a namespace. */
export interface Inventory {
  pods: readonly V1Pod[];
  workloads: readonly (V1Deployment | V1StatefulSet | V1Job)[];
  events: readonly CoreV1Event[];
}

/** One component: its pods in a few words. */
export interface ComponentState {
  component: string;
  /** Pods that are Ready, or of Jobs completed. */
  ready: number;
  wanted: number;
  /** Nothing of it runs any more: its Jobs have completed. */
  isDone: boolean;
  /** Why the others are not, each reason once. */
  reasons: string[];
}

/** How each component is doing, by name. A suspended Job wants nothing; a collector's Jobs do not count as wanted. */
export function componentStates({ pods, workloads, events }: Inventory): ComponentState[] {
  const components = new Set([...workloads, ...pods].map(componentOf));
  return [...components].toSorted().map((component) => {
    const own = workloads.filter((workload) => componentOf(workload) === component);
    const ownPods = pods.filter(
      (pod) => componentOf(pod) === component && pod.metadata?.deletionTimestamp === undefined,
    );
    const isReady = (pod: V1Pod) =>
      pod.status?.phase === "Succeeded" ||
      pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;
    const ready = ownPods.filter(isReady).length;
    const wanted = own.reduce((sum, workload) => sum + wantedPods(workload), 0);
    const waiting = ownPods.filter((pod) => !isReady(pod)).map((pod) => explainPod(pod, events));
    const reasons = waiting.map(
      ({ state, message }) => message ?? (state === "pending" ? "is starting" : state),
    );
    if (ownPods.length < wanted) reasons.push(refusal(component, own, events) ?? "not there yet");
    const isDone = ownPods.length > 0 && ownPods.every(({ status }) => status?.phase === "Succeeded");
    return { component, ready, wanted, isDone, reasons: [...new Set(reasons)] };
  });
}

function wantedPods(workload: V1Deployment | V1StatefulSet | V1Job): number {
  const spec = workload.spec;
  if (spec === undefined) return 0;
  if (!("completions" in spec) && !("parallelism" in spec))
    return ("replicas" in spec ? spec.replicas : 1) ?? 1;
  if (spec.suspend === true || componentOf(workload) === "collector") return 0;
  return spec.completions ?? 1;
}

/** Pods that were not even made: the ReplicaSet, StatefulSet or Job has an event that says why. */
function refusal(
  component: string,
  own: Inventory["workloads"],
  events: readonly CoreV1Event[],
): string | null {
  const names = own.map(({ metadata }) => metadata?.name ?? component);
  const refused = events.findLast(
    ({ reason, involvedObject: { name = "" } }) =>
      reason === "FailedCreate" && names.some((owner) => name === owner || name.startsWith(`${owner}-`)),
  );
  return refused === undefined ? null : explainRefusal(refused.message);
}

function componentOf({
  metadata,
}: {
  metadata?: { name?: string; labels?: Record<string, string> };
}): string {
  return metadata?.labels?.[COMPONENT_LABEL] ?? metadata?.name ?? "?";
}
