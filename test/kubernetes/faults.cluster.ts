import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { apply, kubectl, startRun, untilRun, waitForRollouts } from "./cluster.ts";
import { NAMESPACE, prepare, removeAll, waitUntilUp } from "./install.ts";
import { busyPods, finishesOf, setPageDelay } from "./look.ts";

const LISTINGS = 500;
const RUN_MS = 480_000;

describe("faults in the middle of a run", () => {
  beforeAll(() => {
    // A lease is over soon enough to wait for it.
    prepare({ LEASE_SECONDS: "20" });
    apply("k8s/");
    waitUntilUp(NAMESPACE);
    // Whatever is stopped is stopped at work.
    setPageDelay(1_500);
  }, 480_000);
  afterAll(() => removeAll(), 240_000);

  test("killed pods, restarted servers, a rollout and a scale-down lose no target and finish none twice", async () => {
    const run = await startRun(NAMESPACE, "teapot");
    const done = (count: number) =>
      untilRun(run, `to have ${count} done`, RUN_MS, (seen) => seen.done >= count && seen.running > 0);

    await done(20);
    const busy = busyPods(NAMESPACE, run);
    expect(busy.length).toBeGreaterThanOrEqual(2);
    kubectl("-n", NAMESPACE, "delete", "pod", ...busy.slice(0, 2), "--grace-period=0", "--force");
    await done(60);
    kubectl("-n", NAMESPACE, "delete", "pod", "rabbitmq-0");
    await done(120);
    kubectl("-n", NAMESPACE, "delete", "pod", "postgres-0");
    await done(180);
    kubectl("-n", NAMESPACE, "rollout", "restart", "deployment/worker");
    waitForRollouts(NAMESPACE, "deployment/worker");
    await done(260);
    kubectl("-n", NAMESPACE, "scale", "deployment/worker", "--replicas=4");

    const end = await untilRun(run, "to complete", RUN_MS * 2, ({ state }) => state === "completed");
    expect(end).toMatchObject({ found: LISTINGS, done: LISTINGS, failed: 0, dead: 0 });
    expect(finishesOf(NAMESPACE, run)).toEqual({ targets: LISTINGS, finishes: LISTINGS });
  }, 900_000);
});
