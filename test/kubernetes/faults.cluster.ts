import { afterAll, beforeAll, describe, expect, test } from "vitest";
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
import { crash } from "./control-plane.ts";
import { NAMESPACE, prepare, leave, waitUntilUp } from "./install.ts";
import { handsOf, evict, finishesOf, imagesOf, handOf, readyPods, setPageDelay } from "./look.ts";
import { applyOlderManifests } from "./older-version.ts";
import { imageName, olderVersion } from "../../scripts/kubernetes/build-images.ts";

const LISTINGS = 500;
const RUN_MS = 240_000;
/** Whatever is stopped is stopped at work. */
const SLOW_PAGE_MS = 4_000;

describe("a run of 500 listings", () => {
  let run = "";
  let last: Run;
  /** Waits until some more listings are done while others are in hand: what comes next hits a run that works. */
  const moreDone = async (): Promise<number> => {
    const before = last.done;
    const isMore = ({ done, running }: Run) => done >= before + 16 && running > 0;
    last = await untilRun(run, `to have more than ${before} done`, RUN_MS, isMore);
    return last.done - before;
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
  afterAll(() => leave());

  test("goes on when two busy workers are killed", async () => {
    const busy = handsOf(NAMESPACE, run).map(({ pod }) => pod);
    expect(busy.length).toBeGreaterThanOrEqual(2);
    kubectl("-n", NAMESPACE, "delete", "pod", ...busy.slice(0, 2), "--grace-period=0", "--force");
    expect(await moreDone()).toBeGreaterThan(0);
  });

  test("an evicted worker finishes what it has; a second one may not be evicted at the same time", async () => {
    waitForRollouts(NAMESPACE, "deployment/worker");
    // Those that were killed still count as busy until their lease is over.
    const alive = readyPods(NAMESPACE, "worker");
    const [hand, other] = handsOf(NAMESPACE, run).filter(({ pod }) => alive.includes(pod));
    expect(other).toBeDefined();
    // The budget may still count the pods of a moment ago.
    await until("an eviction to be allowed", 30_000, () => evict(NAMESPACE, hand?.pod ?? ""));
    expect(() => evict(NAMESPACE, other?.pod ?? "")).toThrow(/violate the pod's disruption budget/);
    kubectl("-n", NAMESPACE, "wait", "--for=delete", `pod/${hand?.pod}`, "--timeout=60s");
    expect(handOf(NAMESPACE, hand?.target ?? "")).toEqual({ ...hand, state: "done" });
  });

  test.each(["rabbitmq-0", "postgres-0"])("goes on when %s is lost", async (pod) => {
    kubectl("-n", NAMESPACE, "delete", "pod", pod);
    expect(await moreDone()).toBeGreaterThan(0);
  });

  test("goes on when a newer version is applied over the older one", async () => {
    expect(imagesOf(NAMESPACE, "worker")).toEqual([imageName("browser", olderVersion)]);
    apply("k8s/");
    waitUntilUp(NAMESPACE);
    await until("the last old worker to be gone", 60_000, () =>
      imagesOf(NAMESPACE, "worker").join() === imageName("browser") ? true : null,
    );
    expect(await moreDone()).toBeGreaterThan(0);
  });

  test("goes on when all workers are restarted, a few at a time", async () => {
    kubectl("-n", NAMESPACE, "rollout", "restart", "deployment/worker");
    waitForRollouts(NAMESPACE, "deployment/worker");
    expect(await moreDone()).toBeGreaterThan(0);
  });

  test.skipIf(clusterProgram === null)("goes on when kubelet and API server crash", async () => {
    for (const part of ["kubelet", "kube-apiserver"] as const) await crash(clusterProgram ?? "", part);
    expect(await moreDone()).toBeGreaterThan(0);
  });

  test("goes on when the workers are scaled from 16 to 4", async () => {
    kubectl("-n", NAMESPACE, "scale", "deployment/worker", "--replicas=4");
    await until("4 workers", 60_000, () => (readyPods(NAMESPACE, "worker").length === 4 ? true : null));
    expect(await moreDone()).toBeGreaterThan(0);
  });

  test("loses no target in all this, and finishes none twice", async () => {
    setPageDelay(0);
    const end = await untilRun(run, "to complete", RUN_MS, ({ state }) => state === "completed");
    expect(end).toMatchObject({ found: LISTINGS, done: LISTINGS, failed: 0, dead: 0 });
    expect(finishesOf(NAMESPACE, run)).toEqual({ targets: LISTINGS, finishes: LISTINGS });
  });
});
