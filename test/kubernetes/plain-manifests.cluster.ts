import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderManifests } from "../../scripts/kubernetes/render-manifests.ts";
import { runTool } from "../../scripts/kubernetes/tools.ts";
import { apply, kubectl, managementUrl, request, secretValue, startRun, until, untilRun } from "./cluster.ts";
import { NAMESPACE, prepare, removeAll, waitUntilUp } from "./install.ts";
import { canReach, clusterAddress, finishesOf, readyPods } from "./look.ts";

const WORKERS = 16;
const LISTINGS = 500;
const RUN_MS = 240_000;

describe("k8s/ on an empty cluster", () => {
  beforeAll(() => prepare(), 240_000);
  afterAll(() => removeAll(), 240_000);

  test("everything rendered, optional or not, is valid against Kubernetes's own schemas", () => {
    const all = [...renderManifests()].filter(([name]) => name.endsWith(".yaml")).map(([, text]) => text);
    expect(runTool("kubeconform", ["-strict", "-summary"], { input: all.join("\n---\n") })).toContain(
      "Invalid: 0, Errors: 0, Skipped: 0",
    );
  });

  test("one kubectl apply -f k8s/ brings up 16 workers that are Ready", async () => {
    apply("k8s/");
    waitUntilUp(NAMESPACE);
    expect(readyPods(NAMESPACE, "worker")).toHaveLength(WORKERS);
    expect((await request("/health/ready")).status).toBe(200);
  });

  test("applying the same again changes nothing", () => {
    const generations = () =>
      kubectl(
        "-n",
        NAMESPACE,
        "get",
        "deployments,statefulsets,jobs,cronjobs,networkpolicies",
        "-o=jsonpath={range .items[*]}{.kind}/{.metadata.name}: {.metadata.generation}{'\\n'}{end}",
      );
    const before = generations();
    apply("k8s/");
    expect(generations()).toBe(before);
  });

  test("a control call without the token is refused", async () => {
    expect((await request("/runs", { method: "POST", body: "{}" })).status).toBe(401);
  });

  test("a run asked for by POST /runs is collected by a Job of its own, and every listing is done", async () => {
    const run = await startRun(NAMESPACE, "kettle");
    await until(`Job collect-${run}`, 30_000, () => kubectl("-n", NAMESPACE, "get", "job", `collect-${run}`));
    const job = JSON.parse(kubectl("-n", NAMESPACE, "get", "job", `collect-${run}`, "-o=json")) as {
      metadata: { ownerReferences: { kind: string; name: string; controller?: boolean }[] };
    };
    expect(job.metadata.ownerReferences).toMatchObject([{ kind: "CronJob", name: "collector" }]);
    expect(job.metadata.ownerReferences[0]?.controller).toBeUndefined();

    const end = await untilRun(run, "to complete", RUN_MS, ({ state }) => state === "completed");
    expect(end).toMatchObject({ found: LISTINGS, done: LISTINGS, failed: 0, dead: 0 });
    expect(finishesOf(NAMESPACE, run)).toEqual({ targets: LISTINGS, finishes: LISTINGS });
  });

  test("the management UI answers on its NodePort: the viewer sees no messages, the operator sees the queues", async () => {
    const queuesSeenBy = async (user: string) => {
      const password = secretValue(NAMESPACE, "rabbitmq-credentials", `${user}-password`);
      const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
      const response = await fetch(`${managementUrl}/api/queues`, {
        headers: { authorization },
        signal: AbortSignal.timeout(10_000),
      });
      expect(response.status).toBe(200);
      return ((await response.json()) as { name: string }[]).map(({ name }) => name);
    };
    expect(await queuesSeenBy("operator")).toEqual(
      expect.arrayContaining(["listing_enrichment", "listing_enrichment_dlq"]),
    );
    const password = secretValue(NAMESPACE, "rabbitmq-credentials", "viewer-password");
    const taken = await fetch(`${managementUrl}/api/queues/%2F/listing_enrichment/get`, {
      method: "POST",
      headers: {
        authorization: `Basic ${Buffer.from(`viewer:${password}`).toString("base64")}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ count: 1, ackmode: "ack_requeue_true", encoding: "auto" }),
      signal: AbortSignal.timeout(10_000),
    });
    expect(taken.status).toBe(401);
  });

  test("a pod that wants to be root is refused", () => {
    expect(() => kubectl("-n", NAMESPACE, "run", "root", "--image=pricefleet/service:0.1.0")).toThrow(
      /violates PodSecurity "restricted/,
    );
  });

  test("a pod that must not reach PostgreSQL cannot, and one that must can", () => {
    const postgres = clusterAddress(NAMESPACE, "postgres-service");
    expect(canReach("sample-marketplace", "marketplace", postgres, 5432)).toBe(false);
    expect(canReach(NAMESPACE, "deployment/api", postgres, 5432)).toBe(true);
  });

  test("a worker reaches no private address that nobody allowed, nor the cloud's metadata", () => {
    expect(canReach(NAMESPACE, "deployment/worker", clusterAddress(NAMESPACE, "api-service"), 80)).toBe(
      false,
    );
    expect(canReach(NAMESPACE, "deployment/worker", "169.254.169.254", 80)).toBe(false);
  });
});
