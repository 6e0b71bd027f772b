import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { askBook, helm, kubectl, request, startRun, until, untilRun } from "./cluster.ts";
import { leave, openMarketplace, restrictedNamespace, waitUntilUp } from "./install.ts";
import { finishesOf, imagesOf, setPageDelay } from "./look.ts";
import { packOlderChart } from "./older-version.ts";
import { imageName } from "../../scripts/kubernetes/build-images.ts";

const NAMESPACE = "prices";
const LISTINGS = 120;
const secrets = ["postgres-credentials", "rabbitmq-credentials", "api-control", "tor-control"];
const volumes = ["data-postgres-0", "data-rabbitmq-0", "debug", "profiles", "snapshots"];
/** Few workers: what is proven here does not hang on their number. */
const values = ["--set=worker.replicas=4"];

describe("the chart, in a namespace of the user's choice", () => {
  beforeAll(() => {
    restrictedNamespace(NAMESPACE);
    openMarketplace(NAMESPACE);
  }, 240_000);
  afterAll(() => leave(NAMESPACE));

  let firstRun = "";

  test("helm install brings everything up, and a run is done", async () => {
    helm("install", "pricefleet", packOlderChart(), `--namespace=${NAMESPACE}`, ...values);
    waitUntilUp(NAMESPACE);
    firstRun = await startRun(NAMESPACE, "saucepan", LISTINGS);
    const end = await untilRun(firstRun, "to complete", 120_000, ({ state }) => state === "completed");
    expect(end).toMatchObject({ done: LISTINGS, failed: 0, dead: 0 });
  });

  test("helm test finds that the API answers", () => {
    expect(helm("test", "pricefleet", `--namespace=${NAMESPACE}`)).toContain("Phase:          Succeeded");
  });

  test("helm upgrade to a newer version keeps passwords and data", async () => {
    const before = passwords();
    helm("upgrade", "pricefleet", "helm/pricefleet", `--namespace=${NAMESPACE}`, ...values);
    waitUntilUp(NAMESPACE);
    expect(imagesOf(NAMESPACE, "api")).toEqual([imageName("service")]);
    expect(passwords()).toEqual(before);
    expect((await request(`/runs/${firstRun}`)).status).toBe(200);
  });

  test("workers as a Job drain what there is, and the Job completes", async () => {
    setPageDelay(1_000);
    const run = await startRun(NAMESPACE, "ladle", LISTINGS);
    await untilRun(run, "to be under way", 60_000, ({ done }) => done > 0);
    helm(
      "upgrade",
      "pricefleet",
      "helm/pricefleet",
      `--namespace=${NAMESPACE}`,
      ...values,
      "--set=worker.mode=job",
    );
    setPageDelay(0);
    await until("the workers' Job to complete", 200_000, () => {
      const complete = kubectl(
        "-n",
        NAMESPACE,
        "get",
        "jobs",
        "--selector=app.kubernetes.io/name=worker",
        `-o=jsonpath={.items[*].status.conditions[?(@.type=="Complete")].status}`,
      );
      return complete === "True" ? true : null;
    });
    await untilRun(run, "to complete", 30_000, ({ state }) => state === "completed");
    expect(finishesOf(NAMESPACE, run)).toEqual({ targets: LISTINGS, finishes: LISTINGS });
  });

  test("helm uninstall leaves the volumes and the Secrets, and an install over them finds the data", async () => {
    const before = passwords();
    helm("uninstall", "pricefleet", `--namespace=${NAMESPACE}`, "--wait");
    const kept = kubectl("-n", NAMESPACE, "get", "pvc", "-o=jsonpath={.items[*].metadata.name}");
    expect(kept.split(" ")).toEqual(volumes);
    expect(passwords()).toEqual(before);

    helm("install", "pricefleet", "helm/pricefleet", `--namespace=${NAMESPACE}`, ...values);
    waitUntilUp(NAMESPACE);
    expect((await request(`/runs/${firstRun}`)).status).toBe(200);
    expect(askBook(NAMESPACE, "SELECT count(*) FROM targets WHERE state = 'done'")).toBe(2 * LISTINGS);
  });
});

function passwords(): string[] {
  return secrets.map((name) => kubectl("-n", NAMESPACE, "get", "secret", name, "-o=jsonpath={.data}"));
}
