import type { V1CronJob, V1Job } from "@kubernetes/client-node";

/** A Job belongs to the run that this label names. */
export const RUN_LABEL = "pricefleet.io/run-id";

/** Pods and logs of a collector that has ended are there for this long. */
const KEPT_SECONDS = 24 * 3_600;
/** A collector that ended before its run was collected (it crashed, its node went) is followed by another after this. */
const RETRY_AFTER_MS = 30_000;

/**
 * The Job that collects one run, made from the collector's CronJob as `kubectl create job --from` does: its template
 * with RUN_ID added. Not controlled by the CronJob, which would count it and remove it by its history limits.
 * @throws TypeError when the CronJob has no container to give the run to.
 */
export function collectorJob(cronJob: V1CronJob, runId: string, name: string): V1Job {
  const { name: cronJobName = "?", uid = "" } = cronJob.metadata ?? {};
  const template = cronJob.spec?.jobTemplate;
  const spec = structuredClone(template?.spec);
  const collector = spec?.template.spec?.containers[0];
  if (spec === undefined || collector === undefined) {
    throw new TypeError(`CronJob ${cronJobName} has no container that could collect run ${runId}`);
  }
  const runLabel = { [RUN_LABEL]: runId };
  const inherited = collector.env ?? [];
  collector.env = [
    ...inherited.filter((variable) => variable.name !== "RUN_ID"),
    { name: "RUN_ID", value: runId },
  ];
  spec.template.metadata = { labels: { ...spec.template.metadata?.labels, ...runLabel } };
  spec.ttlSecondsAfterFinished = KEPT_SECONDS;
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name,
      labels: { ...template?.metadata?.labels, ...runLabel },
      annotations: { ...template?.metadata?.annotations, "cronjob.kubernetes.io/instantiate": "manual" },
      ownerReferences: [{ apiVersion: "batch/v1", kind: "CronJob", name: cronJobName, uid }],
    },
    spec,
  };
}

/**
 * The name for the next Job of a run that has no collector: `collect-<run id>`, later ones with a number. Null while
 * a Job of the run is still at work, and for half a minute after one has ended, so that a collector which always
 * fails does not fill the cluster with Jobs.
 */
export function nextJobName(runId: string, jobs: readonly V1Job[], now: Date): string | null {
  const isBusy = jobs.some((job) => {
    const endedAt = endOf(job);
    return endedAt === null || now.getTime() - endedAt.getTime() < RETRY_AFTER_MS;
  });
  if (isBusy) return null;
  const taken = new Set(jobs.map((job) => job.metadata?.name));
  let name = `collect-${runId}`;
  for (let number = 2; taken.has(name); number++) name = `collect-${runId}-${number}`;
  return name;
}

function endOf(job: V1Job): Date | null {
  const end = job.status?.conditions?.find(
    ({ type, status }) => (type === "Complete" || type === "Failed") && status === "True",
  );
  // The client reads times as Dates; a condition without one ended long ago.
  return end === undefined ? null : new Date(end.lastTransitionTime ?? 0);
}
