import type { CoreV1Event, V1Job } from "@kubernetes/client-node";
import { type CollectorReport, messageOf } from "@pricefleet/contracts";
import type { Logger } from "@pricefleet/logging";
import { connectFromPod } from "./cluster-api.ts";
import { collectorJob, nextJobName, RUN_LABEL } from "./collector-job.ts";
import type { CollectorLauncher } from "./collector-launcher.ts";
import { explainPods, explainRefusal } from "./explain-pods.ts";

interface JobLauncherOptions {
  /** Name of the collector's CronJob, which Jobs are made from; in the namespace of this pod. */
  cronJob: string;
  logger: Logger;
}

const MAX_EVENTS = 500;

/** Collectors as Kubernetes Jobs. They outlive the dispatcher. @throws Error outside a cluster. */
export async function createJobLauncher({ cronJob, logger }: JobLauncherOptions): Promise<CollectorLauncher> {
  const { batch, core, namespace, isAnswer, reasonOf } = await connectFromPod();

  /** Only where something waits or failed: events are many, and a healthy Job's tell nothing new. */
  async function warnings(): Promise<CoreV1Event[]> {
    const { items } = await core.listNamespacedEvent({
      namespace,
      fieldSelector: "type=Warning",
      limit: MAX_EVENTS,
    });
    return items;
  }

  return {
    goneBecause: "its Job is there no more: somebody deleted it",
    async launch(runId) {
      const { items: jobs } = await batch.listNamespacedJob({
        namespace,
        labelSelector: `${RUN_LABEL}=${runId}`,
      });
      const name = nextJobName(runId, jobs, new Date());
      if (name === null) return;
      const template = await batch.readNamespacedCronJob({ namespace, name: cronJob });
      try {
        await batch.createNamespacedJob({ namespace, body: collectorJob(template, runId, name) });
      } catch (error) {
        // A dispatcher that led until just now was quicker.
        if (!isAnswer(error, 409)) throw error;
        return;
      }
      logger.info("started a collector", { run_id: runId, job: name });
    },
    async lookAt(runIds) {
      const reports = new Map<string, CollectorReport>();
      if (runIds.length === 0) return reports;
      const labelSelector = `${RUN_LABEL} in (${runIds.join(",")})`;
      const [{ items: jobs }, { items: pods }] = await Promise.all([
        batch.listNamespacedJob({ namespace, labelSelector }),
        core.listNamespacedPod({ namespace, labelSelector }),
      ]);
      const newest = newestByRun(jobs);
      const isWell = [...newest.values()].every(({ status }) => (status?.ready ?? 0) > 0);
      const events = isWell ? [] : await warnings();
      for (const [runId, job] of newest) {
        const own = pods.filter(({ metadata }) =>
          metadata?.ownerReferences?.some(({ uid }) => uid === job.metadata?.uid),
        );
        reports.set(runId, explainPods(job, own, events));
      }
      return reports;
    },
    reportFailedLaunch: (runId, error) => ({
      kind: "job",
      name: `collect-${runId}`,
      state: "failed",
      message: isAnswer(error, 404)
        ? `the CronJob ${cronJob}, which Jobs are made from, is not there; apply the manifests again`
        : explainRefusal(reasonOf(error) ?? messageOf(error)),
      pods: [],
    }),
    async close() {},
  };
}

function newestByRun(jobs: readonly V1Job[]): Map<string, V1Job> {
  const made = ({ metadata }: V1Job) => metadata?.creationTimestamp?.getTime() ?? 0;
  const sorted = jobs.toSorted((a, b) => made(a) - made(b));
  return new Map(sorted.map((job) => [job.metadata?.labels?.[RUN_LABEL] ?? "", job]));
}
