import type { CollectorReport } from "@pricefleet/contracts";
import type { CoreV1Event, V1Job, V1Pod } from "@kubernetes/client-node";
import { explainPod, newestFirst, sentence } from "./explain-pod.ts";

/** How a collector's Job is doing, from what the API server has of it: the Job, its pods and the events about them. */
export function explainPods(
  job: V1Job,
  pods: readonly V1Pod[],
  events: readonly CoreV1Event[],
): CollectorReport {
  const name = job.metadata?.name ?? "?";
  const explained = pods
    .toSorted((a, b) => time(a.metadata?.creationTimestamp) - time(b.metadata?.creationTimestamp))
    .map((pod) => explainPod(pod, events));
  const report = { kind: "job" as const, name, pods: explained };
  const lastMessage = explained.at(-1)?.message ?? null;

  const end = job.status?.conditions?.find(
    ({ type, status }) => (type === "Complete" || type === "Failed") && status === "True",
  );
  if (end?.type === "Complete") return { ...report, state: "completed", message: null };
  if (end?.reason === "DeadlineExceeded") {
    const seconds = job.spec?.activeDeadlineSeconds;
    const message = `it took longer than the ${seconds ?? "?"} s it may take (activeDeadlineSeconds) and was ended`;
    return { ...report, state: "failed", message };
  }
  if (end !== undefined) {
    const failed = explained.findLast(({ state }) => state === "failed");
    const tries = explained.length > 1 ? `after ${explained.length} tries: ` : "";
    return { ...report, state: "failed", message: tries + (failed?.message ?? sentence(end.message)) };
  }
  if (explained.some(({ state }) => state === "running"))
    return { ...report, state: "running", message: null };
  if (explained.some(({ state }) => state === "pending")) {
    return { ...report, state: "pending", message: lastMessage };
  }
  if (job.spec?.suspend === true) return { ...report, state: "pending", message: "the Job is suspended" };
  const refusal = newestFirst(events).find(
    ({ involvedObject, reason }) => involvedObject.name === name && reason === "FailedCreate",
  );
  if (refusal !== undefined) return { ...report, state: "pending", message: explainRefusal(refusal.message) };
  // Between a failed pod and the next one.
  return {
    ...report,
    state: "pending",
    message: lastMessage && `another try comes; the last one: ${lastMessage}`,
  };
}

/** Why the cluster refuses to make a pod or a Job, from its own words. */
export function explainRefusal(message = ""): string {
  const said = sentence(message);
  const quota = /exceeded quota: ([^,]+), (.+)/.exec(said);
  if (quota !== null) {
    return `the quota ${quota[1]} of the namespace is used up; raise it, or run fewer workers: ${quota[2]}`;
  }
  const unspecified = /failed quota: ([^:]+): (must specify .+)/.exec(said);
  if (unspecified !== null)
    return `the quota ${unspecified[1]} of the namespace refuses it: ${unspecified[2]}`;
  const security = /violates PodSecurity "([^"]+)": (.+)/.exec(said);
  if (security !== null) return `Pod Security (${security[1]}) refuses the pod: ${security[2]}`;
  const account = /serviceaccount "([^"]+)" not found/.exec(said);
  if (account !== null) return `the ServiceAccount ${account[1]} is not there; apply the manifests again`;
  return `the cluster refuses it: ${said}`;
}

function time(at: Date | undefined): number {
  return new Date(at ?? 0).getTime();
}
