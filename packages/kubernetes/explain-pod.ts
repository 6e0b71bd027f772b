import { type CollectorPod, describeExitCode } from "@pricefleet/contracts";
import type { CoreV1Event, V1Container, V1ContainerStatus, V1Pod } from "@kubernetes/client-node";

/** Waiting reasons that mean: the image is not there. The kubelet goes from the first to the second and back, so they are not told. */
const imageReasons = ["ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "RegistryUnavailable"];
const volumeEvents = ["FailedMount", "FailedAttachVolume", "FailedMapVolume"];

/**
 * A pod's state, and in words why it waits, failed or is not Ready. What its statuses do not tell (a volume that cannot
 * be mounted) is taken from the events about it. Pure: what kubectl prints as JSON is understood as well.
 */
export function explainPod(pod: V1Pod, events: readonly CoreV1Event[]): CollectorPod {
  const name = pod.metadata?.name ?? "?";
  const own = newestFirst(events.filter(({ involvedObject }) => involvedObject.name === name));
  switch (pod.status?.phase) {
    case "Succeeded":
      return { name, state: "completed", message: null };
    case "Failed":
      return { name, state: "failed", message: whyFailed(pod) };
    case "Running":
      return { name, state: "running", message: whyNotReady(pod, own) };
    default:
      return { name, state: "pending", message: whyPending(pod, own) };
  }
}

/** The newest first; kubectl's JSON has times as text, the client as Dates. */
export function newestFirst(events: readonly CoreV1Event[]): CoreV1Event[] {
  const time = ({ lastTimestamp, eventTime, metadata }: CoreV1Event) =>
    new Date(lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? 0).getTime();
  return events.toSorted((a, b) => time(b) - time(a));
}

function whyPending(pod: V1Pod, events: readonly CoreV1Event[]): string | null {
  const scheduled = pod.status?.conditions?.find(({ type }) => type === "PodScheduled");
  if (scheduled?.status === "False") return whyUnscheduled(pod, scheduled.message ?? "");
  for (const status of statusesOf(pod)) {
    const why = whyWaiting(pod, status);
    if (why !== null) return why;
  }
  const mount = events.find(({ reason }) => volumeEvents.includes(reason ?? ""));
  if (mount !== undefined) return `a volume cannot be mounted: ${sentence(mount.message)}`;
  const sandbox = events.find(({ reason }) => reason === "FailedCreatePodSandBox");
  return sandbox === undefined ? null : `the node cannot start it: ${sentence(sandbox.message)}`;
}

function whyUnscheduled(pod: V1Pod, message: string): string {
  // What follows is about evicting others, and says nothing that could be done.
  const said = sentence(message.split(/\. (?:no new claims|preemption|not found)/)[0]);
  if (/persistentvolumeclaim/i.test(said)) {
    return `its volume is not there yet (kubectl get pvc says more): ${said}`;
  }
  const short = ["memory", "cpu"].filter((resource) => said.includes(`Insufficient ${resource}`));
  if (short.length === 0) return `no node takes it: ${said}`;
  const wishes = short.map((resource) => `${request(pod, resource)} of ${resource}`).join(" and ");
  return `no node has ${wishes} to spare; lower ${valueOf(pod)}.resources.requests, run fewer pods or add memory or processors: ${said}`;
}

function whyWaiting(pod: V1Pod, { name, image, state, lastState }: V1ContainerStatus): string | null {
  const { reason = "", message } = state?.waiting ?? {};
  const wanted = containersOf(pod).find((container) => container.name === name)?.image ?? image;
  if (imageReasons.includes(reason)) {
    return `the image ${wanted} cannot be had: make k8s-build builds it into the cluster; else set image.registry and image.tag to where it is`;
  }
  if (reason === "InvalidImageName") {
    return `${wanted} is no name of an image: correct image.registry and image.tag`;
  }
  if (reason === "CreateContainerConfigError") {
    const missing = /(secret|configmap) "(\S+)" not found/i.exec(message ?? "");
    if (missing !== null) return `the ${kindWord(missing[1])} ${missing[2]} is not there`;
    const key = /couldn't find key (\S+) in (secret|configmap) \S+\/(\S+)/i.exec(message ?? "");
    if (key !== null) return `the ${kindWord(key[2])} ${key[3]} has no key ${key[1]}`;
    return `its settings do not allow it to start: ${sentence(message)}`;
  }
  if (reason === "CrashLoopBackOff" || reason === "RunContainerError" || reason === "CreateContainerError") {
    const before = lastState?.terminated;
    return before === undefined
      ? `the container cannot be started (${reason}): ${sentence(message)}`
      : `it ends again and again; last: ${describeEnd(pod, name, before)}`;
  }
  return null;
}

function whyFailed(pod: V1Pod): string {
  const { reason, message } = pod.status ?? {};
  if (reason === "Evicted") return `the node ran short and evicted it: ${sentence(message)}`;
  if (reason === "DeadlineExceeded") return "it was ended at its deadline (activeDeadlineSeconds)";
  const failed = statusesOf(pod).find(({ state }) => (state?.terminated?.exitCode ?? 0) !== 0);
  if (failed?.state?.terminated !== undefined) return describeEnd(pod, failed.name, failed.state.terminated);
  const disrupted = pod.status?.conditions?.find(({ type }) => type === "DisruptionTarget");
  return `it failed: ${sentence(disrupted?.message ?? message ?? reason)}`;
}

function whyNotReady(pod: V1Pod, events: readonly CoreV1Event[]): string | null {
  const ready = pod.status?.conditions?.find(({ type }) => type === "Ready");
  if (ready?.status !== "False") return null;
  for (const status of statusesOf(pod)) {
    const why = whyWaiting(pod, status);
    if (why !== null) return why;
    if (status.state?.terminated !== undefined) return describeEnd(pod, status.name, status.state.terminated);
  }
  if (pod.metadata?.deletionTimestamp !== undefined) return "is being stopped";
  const probe = events.find(({ reason }) => reason === "Unhealthy");
  return probe === undefined ? "is starting" : `is not ready: ${sentence(probe.message)}`;
}

function describeEnd(
  pod: V1Pod,
  container: string,
  { reason, exitCode }: { reason?: string; exitCode: number },
): string {
  if (reason === "OOMKilled") {
    const limit = containersOf(pod).find(({ name }) => name === container)?.resources?.limits?.["memory"];
    return `it needed more memory than its limit of ${limit ?? "the node"} and was killed (OOMKilled): raise ${valueOf(pod)}.resources.limits.memory`;
  }
  return `it ended with ${describeExitCode(exitCode)}; kubectl logs ${pod.metadata?.name} has its last words`;
}

function statusesOf({ status }: V1Pod): V1ContainerStatus[] {
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
}

function containersOf({ spec }: V1Pod): V1Container[] {
  return [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
}

function request({ spec }: V1Pod, resource: string): string {
  return spec?.containers.map(({ resources }) => resources?.requests?.[resource] ?? "0").join(" + ") ?? "?";
}

/** Where the chart's values have this pod's settings. */
function valueOf({ metadata }: V1Pod): string {
  const component = metadata?.labels?.["app.kubernetes.io/name"] ?? "its";
  return ["keep-secrets", "migrate"].includes(component) ? "jobs" : component;
}

function kindWord(kind = ""): string {
  return kind.toLowerCase() === "secret" ? "Secret" : "ConfigMap";
}

/** One line, as long as is read. */
export function sentence(message = "the cluster gives no reason"): string {
  const line = message.replaceAll(/\s+/g, " ").trim().replace(/\.$/, "");
  return line.length > 300 ? `${line.slice(0, 299)}…` : line;
}
