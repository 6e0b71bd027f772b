import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { askBook, helm, kubectl, startRun, until, untilRun, waitForRollouts } from "./cluster.ts";
import { leave, openMarketplace, restrictedNamespace, waitUntilUp } from "./install.ts";
import { finishesOf, setFaults } from "./look.ts";
import { memoryOf } from "./memory.ts";

const NAMESPACE = "rendered-prices";
const LISTINGS = 48;
const RUN_MS = 240_000;
/** Long enough for the kubelet to look at pods that are at work. */
const SLOW_PAGE_MS = 2_000;

describe("pages that need a browser, in pods held to restricted Pod Security", () => {
  beforeAll(() => {
    restrictedNamespace(NAMESPACE);
    openMarketplace(NAMESPACE);
    helm("install", "pricefleet", "helm/pricefleet", `--namespace=${NAMESPACE}`, "--set=worker.replicas=4");
    waitUntilUp(NAMESPACE);
  }, 480_000);
  afterAll(() => leave(NAMESPACE));

  test("a page that can be read without a browser starts none", async ({ annotate }) => {
    await annotate(await workerMemory("idle"));
    setFaults({ fault: "slow", slowMs: SLOW_PAGE_MS });
    const run = await begin("whisk");
    await annotate(await workerMemory("busy by HTTP"));
    setFaults();
    await complete(run);
    expect(fetchersOf(run)).toEqual(["http"]);
  });

  test("a page that is empty without JavaScript is rendered by the Chromium in the pod", async ({
    annotate,
  }) => {
    setFaults({ fault: "needs-javascript" });
    const run = await begin("trivet");
    await annotate(await workerMemory("busy with Chromium"));
    await complete(run);
    expect(fetchersOf(run)).toEqual(["browser"]);
  });

  test("FETCH_MODE=browser in the settings has collector and workers read everything by Chromium", async () => {
    setFaults();
    const patch = JSON.stringify({ data: { FETCH_MODE: "browser" } });
    kubectl("-n", NAMESPACE, "patch", "configmap", "pricefleet-settings", `--patch=${patch}`);
    kubectl("-n", NAMESPACE, "rollout", "restart", "deployment/worker");
    waitForRollouts(NAMESPACE, "deployment/worker");
    const run = await begin("sieve");
    await complete(run);
    expect(fetchersOf(run)).toEqual(["browser"]);
    expect(workersOf(run).length).toBeGreaterThan(1);
  });

  test("no container was ended for its memory, or for anything else", () => {
    const restarts = kubectl(
      "-n",
      NAMESPACE,
      "get",
      "pods",
      "--selector=app.kubernetes.io/name in (worker, collector)",
      "-o=jsonpath={.items[*].status.containerStatuses[*].restartCount}",
    );
    expect(new Set(restarts.split(" "))).toEqual(new Set(["0"]));
  });

  async function begin(term: string): Promise<string> {
    const run = await startRun(NAMESPACE, term, LISTINGS);
    await untilRun(run, "to be under way", RUN_MS, ({ done }) => done >= 4);
    return run;
  }

  async function complete(run: string): Promise<void> {
    const end = await untilRun(run, "to complete", RUN_MS, ({ state }) => state === "completed");
    expect(end).toMatchObject({ done: LISTINGS, failed: 0, dead: 0 });
    expect(finishesOf(NAMESPACE, run)).toEqual({ targets: LISTINGS, finishes: LISTINGS });
  }
});

function fetchersOf(run: string): unknown {
  return askBook(
    NAMESPACE,
    `SELECT json_agg(DISTINCT fetched_by) FROM snapshots s JOIN targets t ON t.id = s.target_id WHERE run_id = ${run}`,
  );
}

function workersOf(run: string): string[] {
  return askBook(
    NAMESPACE,
    `SELECT json_agg(DISTINCT worker) FROM targets WHERE run_id = ${run}`,
  ) as string[];
}

/** For docs/kubernetes.md: what each worker has in use. */
async function workerMemory(when: string): Promise<string> {
  const since = new Date();
  const seen = await until("the kubelet to look at every worker", 60_000, () =>
    memoryOf(NAMESPACE, "worker", since),
  );
  return `workers ${when}: ${seen.join(", ")} MiB`;
}
