import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { helm, kubectl, startRun, until, untilRun, waitForRollouts } from "./cluster.ts";
import { leave, openMarketplace, restrictedNamespace } from "./install.ts";
import { attemptedAgain, finishesOf, readyPods, setPageDelay } from "./look.ts";

const NAMESPACE = "scaled-prices";
const LISTINGS = 200;

function hasKeda(): boolean {
  return kubectl("get", "crd", "--output=name").includes("scaledobjects.keda.sh");
}

describe.skipIf(!hasKeda())("workers scaled by KEDA", () => {
  beforeAll(() => {
    restrictedNamespace(NAMESPACE);
    openMarketplace(NAMESPACE);
    setPageDelay(2_000);
  }, 240_000);
  afterAll(() => leave(NAMESPACE));

  test("follow the queue's length from none to 16 and back, and a busy one that is told to go finishes first", async () => {
    const values = [
      "worker.scaling=keda",
      "worker.keda.cooldownSeconds=5",
      "worker.keda.scaleDownSeconds=5",
      "worker.keda.pollSeconds=2",
    ];
    helm(
      "install",
      "pricefleet",
      "helm/pricefleet",
      `--namespace=${NAMESPACE}`,
      ...values.map((value) => `--set=${value}`),
    );
    waitForRollouts(
      NAMESPACE,
      "statefulset/postgres",
      "statefulset/rabbitmq",
      "deployment/api",
      "deployment/dispatcher",
    );
    await until("no worker", 120_000, () => (replicas() === 0 ? true : null));

    const run = await startRun(NAMESPACE, "colander", LISTINGS);
    await until("16 workers", 240_000, () => (readyPods(NAMESPACE, "worker").length === 16 ? true : null));
    const end = await untilRun(run, "to complete", 300_000, ({ state }) => state === "completed");
    expect(end).toMatchObject({ done: LISTINGS, failed: 0, dead: 0 });
    expect(finishesOf(NAMESPACE, run)).toEqual({ targets: LISTINGS, finishes: LISTINGS });
    expect(attemptedAgain(NAMESPACE, run)).toBe(0);
    await until("no worker again", 480_000, () => (replicas() === 0 ? true : null));
  }, 1_200_000);
});

function replicas(): number {
  return Number(kubectl("-n", NAMESPACE, "get", "deployment", "worker", "-o=jsonpath={.spec.replicas}"));
}
