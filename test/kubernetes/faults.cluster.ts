import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run as runProgram } from "../../scripts/kubernetes/tools.ts";
import {
  apply,
  clusterProgram,
  kubectl,
  type Run,
  startRun,
  until,
  untilRun,
  waitForRollouts,
} from "./cluster.ts";
import { NAMESPACE, prepare, removeAll, waitUntilUp } from "./install.ts";
import { handsOf, evict, finishesOf, imagesOf, handOf, readyPods, setPageDelay } from "./look.ts";
import { applyOlderManifests } from "./older-version.ts";
import { imageName, olderVersion } from "../../scripts/kubernetes/build-images.ts";

const LISTINGS = 500;
const RUN_MS = 240_000;
/** Whatever is stopped is stopped at work. */
const SLOW_PAGE_MS = 4_000;

describe("one run, and what happens to a cluster in its middle", () => {
  let run = "";
  let last: Run;
  /** Some more listings are done, and more are in hand: what comes next hits a run that works. */
  const goesOn = async (): Promise<void> => {
    const enough = last.done + 16;
    last = await untilRun(
      run,
      `to have ${enough} done`,
      RUN_MS,
      (seen) => seen.done >= enough && seen.running > 0,
    );
  };

  beforeAll(async () => {
    // A lease is over soon enough to wait for it.
    prepare({ LEASE_SECONDS: "20" });
    applyOlderManifests();
    waitUntilUp(NAMESPACE);
    setPageDelay(SLOW_PAGE_MS);
    run = await startRun(NAMESPACE, "teapot");
    last = await untilRun(run, "to be under way", RUN_MS, ({ done }) => done > 0);
  }, 480_000);
  afterAll(() => removeAll(), 240_000);

  test("two busy workers are killed", async () => {
    await goesOn();
    const busy = handsOf(NAMESPACE, run).map(({ pod }) => pod);
    expect(busy.length).toBeGreaterThanOrEqual(2);
    kubectl("-n", NAMESPACE, "delete", "pod", ...busy.slice(0, 2), "--grace-period=0", "--force");
  });

  test("one busy worker may be evicted and finishes what it has; a second one at the same time may not", async () => {
    waitForRollouts(NAMESPACE, "deployment/worker");
    await goesOn();
    const [hand, other] = handsOf(NAMESPACE, run);
    expect(other).toBeDefined();
    // The budget counts the pods of a moment ago.
    await until("an eviction to be allowed", 30_000, () => evict(NAMESPACE, hand?.pod ?? ""));
    expect(() => evict(NAMESPACE, other?.pod ?? "")).toThrow(/violate the pod's disruption budget/);
    kubectl("-n", NAMESPACE, "wait", "--for=delete", `pod/${hand?.pod}`, "--timeout=60s");
    expect(handOf(NAMESPACE, hand?.target ?? "")).toEqual({ ...hand, state: "done" });
  });

  test("RabbitMQ's pod goes", async () => {
    await goesOn();
    kubectl("-n", NAMESPACE, "delete", "pod", "rabbitmq-0");
  });

  test("PostgreSQL's pod goes", async () => {
    await goesOn();
    kubectl("-n", NAMESPACE, "delete", "pod", "postgres-0");
  });

  test("a newer version is applied over the older one", async () => {
    await goesOn();
    expect(imagesOf(NAMESPACE, "worker")).toEqual([imageName("browser", olderVersion)]);
    apply("k8s/");
    waitUntilUp(NAMESPACE);
    await until("all workers to be new", 60_000, () =>
      imagesOf(NAMESPACE, "worker").join() === imageName("browser") ? true : null,
    );
  });

  test("the workers are restarted, a few at a time", async () => {
    await goesOn();
    kubectl("-n", NAMESPACE, "rollout", "restart", "deployment/worker");
    waitForRollouts(NAMESPACE, "deployment/worker");
  });

  test.skipIf(clusterProgram === null)("kubelet and API server are restarted", async () => {
    await goesOn();
    for (const part of ["kubelet", "kube-apiserver"]) runProgram([clusterProgram ?? "", "restart", part]);
    await until("the API server", 60_000, () => kubectl("get", "--raw=/readyz"));
  });

  test("the workers are scaled from 16 to 4", async () => {
    await goesOn();
    kubectl("-n", NAMESPACE, "scale", "deployment/worker", "--replicas=4");
    await until("4 workers", 60_000, () => (readyPods(NAMESPACE, "worker").length === 4 ? true : null));
  });

  test("no target was lost, and none was finished twice", async () => {
    await goesOn();
    setPageDelay(0);
    const end = await untilRun(run, "to complete", RUN_MS, ({ state }) => state === "completed");
    expect(end).toMatchObject({ found: LISTINGS, done: LISTINGS, failed: 0, dead: 0 });
    expect(finishesOf(NAMESPACE, run)).toEqual({ targets: LISTINGS, finishes: LISTINGS });
  });
});
