import type { CoreV1Event, V1Deployment, V1Job, V1Pod } from "@kubernetes/client-node";
import { expect, test } from "vitest";
import { type ComponentState, componentStates } from "./component-states.ts";
import { describeComponents, describeQueues } from "./status-screen.ts";

const labels = (component: string) => ({ "app.kubernetes.io/name": component });

function pod(component: string, name: string, status: V1Pod["status"]): V1Pod {
  const containers = [{ name: component, image: `pricefleet/${component}:1` }];
  return { metadata: { name, labels: labels(component) }, spec: { containers }, ...(status && { status }) };
}

const ready = { phase: "Running", conditions: [{ type: "Ready", status: "True" }] };
const workers: V1Deployment = {
  metadata: { name: "worker", labels: labels("worker") },
  spec: { replicas: 3, selector: {}, template: {} },
};

function states(
  pods: V1Pod[],
  workloads: (V1Deployment | V1Job)[],
  events: CoreV1Event[] = [],
): ComponentState[] {
  return componentStates({ pods, workloads, events });
}

test("a component counts its Ready pods, and tells why the others are not, each reason once", () => {
  const waiting = {
    phase: "Pending",
    containerStatuses: ["worker"].map((name) => ({
      name,
      image: "",
      imageID: "",
      ready: false,
      restartCount: 0,
      state: { waiting: { reason: "ImagePullBackOff" } },
    })),
  };
  const seen = states(
    [pod("worker", "a", ready), pod("worker", "b", waiting), pod("worker", "c", waiting)],
    [workers],
  );
  expect(seen).toEqual([
    {
      component: "worker",
      ready: 1,
      wanted: 3,
      isDone: false,
      reasons: [expect.stringMatching(/^the image pricefleet\/worker:1 cannot be had/)],
    },
  ]);
});

test("pods that the cluster refuses to make are missing with the reason of its event", () => {
  const refused = {
    reason: "FailedCreate",
    message: `Error creating: pods "worker-7d9-x" is forbidden: exceeded quota: tight, requested: pods=1, used: pods=2, limited: pods=2`,
    involvedObject: { kind: "ReplicaSet", name: "worker-7d9" },
    metadata: {},
  };
  const [worker] = states([pod("worker", "a", ready)], [workers], [refused]);
  expect(worker).toMatchObject({ ready: 1, wanted: 3, reasons: [expect.stringMatching(/^the quota tight/)] });
});

test("a suspended Job wants nothing, a completed one is done, and a collector's Job is waited for by nobody", () => {
  const job = (component: string, suspend: boolean): V1Job => ({
    metadata: { name: component, labels: labels(component) },
    spec: { suspend, completions: 1, template: {} },
  });
  const seen = states(
    [pod("migrate", "m", { phase: "Succeeded" })],
    [job("worker", true), job("migrate", false), job("collector", false)],
  );
  expect(seen).toMatchObject([
    { component: "collector", ready: 0, wanted: 0 },
    { component: "migrate", ready: 1, wanted: 1, isDone: true },
    { component: "worker", ready: 0, wanted: 0 },
  ]);
  expect(describeComponents(seen).map((line) => line.replaceAll(/ +/g, " "))).toEqual([
    "collector 0/0 nothing to do",
    "migrate 1/1 done",
    "worker 0/0 nothing to do",
  ]);
});

test("of the retry and dead-letter queues only those with something in them are shown", () => {
  const queue = (name: string, waiting: number) => ({ name, ready: waiting, inHand: 0 });
  const shown = describeQueues([
    queue("listing_enrichment", 0),
    queue("listing_enrichment.retry.5s", 0),
    queue("listing_enrichment_dlq", 2),
  ]);
  expect(shown).toEqual([
    "listing_enrichment      0 waiting, 0 in hand",
    "listing_enrichment_dlq  2 waiting, 0 in hand",
  ]);
});
