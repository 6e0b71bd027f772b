import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { apply, kubectl, request, startRun, until, untilRun } from "./cluster.ts";
import { NAMESPACE, prepare, leave, waitUntilUp } from "./install.ts";
import { canReach, clusterAddress, finishesOf, may, readyPods, setFaults } from "./look.ts";
import { managementUser, moveMessages } from "./management.ts";

const WORKERS = 16;
const LISTINGS = 500;
const RUN_MS = 240_000;

describe("k8s/ on an empty cluster", () => {
  beforeAll(() => prepare(), 240_000);
  afterAll(() => leave());

  let doomedRun = "";

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

  test("a control call without the token is refused, one with it is accepted", async () => {
    expect((await request("/runs", { method: "POST", body: "{}" })).status).toBe(401);
    // The page of its one listing fails at every attempt; what becomes of that is seen below.
    setFaults({ fault: "server-error", path: "/item/gravy-boat-" });
    doomedRun = await startRun(NAMESPACE, "gravy boat", 1);
    expect((await request(`/runs/${doomedRun}`)).status).toBe(200);
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

  test("the management UI answers on its NodePort: the viewer sees how much there is and can do nothing to it", async () => {
    const viewer = managementUser(NAMESPACE, "viewer");
    const overview = await viewer.call("GET", "/overview");
    expect(overview.status).toBe(200);
    expect(await overview.json()).toHaveProperty("queue_totals.messages");

    const queue = "/queues/%2F/listing_enrichment";
    const message = {
      properties: {},
      routing_key: "listing_enrichment",
      payload: "x",
      payload_encoding: "string",
    };
    const read = { count: 1, ackmode: "ack_requeue_true", encoding: "auto" };
    for (const [method, path, body] of [
      ["POST", `${queue}/get`, read],
      ["DELETE", `${queue}/contents`, undefined],
      ["DELETE", queue, undefined],
      ["POST", "/exchanges/%2F/amq.default/publish", message],
      ["PUT", "/parameters/shovel/%2F/mine", moveMessages("listing_enrichment", "quote_refresh")],
    ] as const) {
      const refused = await viewer.call(method, path, body);
      expect(await refused.json(), `${method} ${path}`).toMatchObject({ error: "not_authorised" });
      expect(refused.status).toBe(401);
    }
  });

  test("the operator sees the queues and moves a dead letter back into the work queue, and its target is worked on", async () => {
    const operator = managementUser(NAMESPACE, "operator");
    const queues = (await (await operator.call("GET", "/queues")).json()) as { name: string }[];
    expect(queues.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["listing_enrichment", "listing_enrichment_dlq"]),
    );
    await untilRun(doomedRun, "to have its listing given up", 120_000, ({ dead }) => dead === 1);
    await until("the dead letter", 60_000, async () =>
      (await operator.messagesIn("listing_enrichment_dlq")) === 1 ? true : null,
    );
    setFaults();
    const shovel = moveMessages("listing_enrichment_dlq", "listing_enrichment");
    const moved = await operator.call("PUT", "/parameters/shovel/%2F/move", shovel);
    expect(moved.status).toBe(201);
    const end = await untilRun(doomedRun, "to have its listing done", 60_000, ({ done }) => done === 1);
    expect(end).toMatchObject({ dead: 0 });
    // The UI's counts are some seconds old.
    await until("the dead letter to be gone", 30_000, async () =>
      (await operator.messagesIn("listing_enrichment_dlq")) === 0 ? true : null,
    );
  });

  test("a pod that wants to be root is refused", () => {
    expect(() => kubectl("-n", NAMESPACE, "run", "root", "--image=pricefleet/service:0.1.0")).toThrow(
      /violates PodSecurity "restricted/,
    );
  });

  test("the dispatcher alone may make Jobs, and read but not end them; nobody lists Secrets", () => {
    const everybody = [
      "api",
      "collector",
      "dispatcher",
      "keep-secrets",
      "migrate",
      "postgres",
      "rabbitmq",
      "worker",
    ];
    const allowed = (verb: string, group: string, resource: string) =>
      everybody.filter((component) => may(NAMESPACE, component, verb, group, resource));
    expect(allowed("create", "batch", "jobs")).toEqual(["dispatcher"]);
    expect(allowed("list", "batch", "jobs")).toEqual(["dispatcher"]);
    expect(allowed("delete", "batch", "jobs")).toEqual([]);
    expect(allowed("list", "", "secrets")).toEqual([]);
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
