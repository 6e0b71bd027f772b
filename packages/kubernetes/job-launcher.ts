import type { Logger } from "@pricefleet/logging";
import { connectFromPod } from "./cluster-api.ts";
import { collectorJob, nextJobName, RUN_LABEL } from "./collector-job.ts";
import type { CollectorLauncher } from "./collector-launcher.ts";

interface JobLauncherOptions {
  /** Name of the collector's CronJob, which Jobs are made from; in the namespace of this pod. */
  cronJob: string;
  logger: Logger;
}

/** Collectors as Kubernetes Jobs. They outlive the dispatcher. @throws Error outside a cluster. */
export async function createJobLauncher({ cronJob, logger }: JobLauncherOptions): Promise<CollectorLauncher> {
  const { batch, namespace, isAnswer } = await connectFromPod();
  return {
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
    async close() {},
  };
}
