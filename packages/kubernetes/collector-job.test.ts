import type { V1CronJob, V1Job } from "@kubernetes/client-node";
import { expect, test } from "vitest";
import { collectorJob, nextJobName } from "./collector-job.ts";

const cronJob: V1CronJob = {
  metadata: { name: "collector", namespace: "prices", uid: "0-1-2" },
  spec: {
    schedule: "0 * * * *",
    suspend: true,
    jobTemplate: {
      metadata: { labels: { app: "collector" } },
      spec: {
        backoffLimit: 2,
        template: {
          metadata: { labels: { app: "collector" } },
          spec: {
            restartPolicy: "Never",
            containers: [
              {
                name: "collector",
                image: "pricefleet/browser:1",
                env: [
                  { name: "SOURCE", value: "ebay" },
                  { name: "RUN_ID", value: "of another" },
                ],
              },
            ],
          },
        },
      },
    },
  },
};
const now = new Date("2026-11-23T12:00:00Z");

function job(name: string, ended: { type: string; at: string } | null): V1Job {
  const conditions = ended && [{ type: ended.type, status: "True", lastTransitionTime: new Date(ended.at) }];
  return { metadata: { name }, status: conditions === null ? {} : { conditions } };
}

test("a run's Job is the CronJob's template with the run's number", () => {
  const made = collectorJob(cronJob, "7", "collect-7");
  const container = made.spec?.template.spec?.containers[0];
  expect(container?.image).toBe("pricefleet/browser:1");
  expect(container?.env).toEqual([
    { name: "SOURCE", value: "ebay" },
    { name: "RUN_ID", value: "7" },
  ]);
  expect(made.spec?.backoffLimit).toBe(2);
  expect(made.metadata?.labels).toEqual({ app: "collector", "pricefleet.io/run-id": "7" });
  expect(made.spec?.template.metadata?.labels).toEqual({ app: "collector", "pricefleet.io/run-id": "7" });
});

test("a run's Job belongs to the CronJob without being counted by it, and goes by itself after it has ended", () => {
  const { metadata, spec } = collectorJob(cronJob, "7", "collect-7");
  expect(metadata?.ownerReferences).toEqual([
    { apiVersion: "batch/v1", kind: "CronJob", name: "collector", uid: "0-1-2" },
  ]);
  expect(metadata?.annotations).toEqual({ "cronjob.kubernetes.io/instantiate": "manual" });
  expect(spec?.ttlSecondsAfterFinished).toBeGreaterThan(0);
});

test("making a Job leaves the CronJob as it is, for it may be used again", () => {
  const before = structuredClone(cronJob);
  collectorJob(cronJob, "7", "collect-7");
  expect(cronJob).toEqual(before);
});

test("a CronJob without a container is refused by name", () => {
  const jobTemplate = { spec: { template: { spec: { containers: [] } } } };
  const empty = { metadata: { name: "collector" }, spec: { schedule: "0 * * * *", jobTemplate } };
  expect(() => collectorJob(empty, "7", "collect-7")).toThrow(
    "CronJob collector has no container that could collect run 7",
  );
});

test("a run without Jobs gets collect-<run id>", () => {
  expect(nextJobName("7", [], now)).toBe("collect-7");
});

test("a run whose Job is at work gets no second one", () => {
  expect(nextJobName("7", [job("collect-7", null)], now)).toBeNull();
});

test("a collector that ended too soon is followed by another after half a minute", () => {
  const ended = (at: string) => [job("collect-7", { type: "Failed", at })];
  expect(nextJobName("7", ended("2026-11-23T11:59:31Z"), now)).toBeNull();
  expect(nextJobName("7", ended("2026-11-23T11:59:30Z"), now)).toBe("collect-7-2");
});

test("the second Job takes the first name again when Kubernetes has removed the first one", () => {
  const jobs = [job("collect-7-2", { type: "Complete", at: "2026-11-23T10:00:00Z" })];
  expect(nextJobName("7", jobs, now)).toBe("collect-7");
});
