import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { apply, kubectl, request, secretValue, startRun, until, untilRun } from "./cluster.ts";
import { NAMESPACE, prepare, leave } from "./install.ts";
import { setPageDelay } from "./look.ts";

const root = join(import.meta.dirname, "../..");
const LISTINGS = 500;
const START_MS = 60_000;

interface Collector {
  kind: string;
  name: string;
  state: string;
  message: string | null;
  pods: { state: string; message: string | null }[];
}

/** A make target as a person calls it, off a terminal. */
function make(target: string, variables: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync("node", [`scripts/kubernetes/${target}.ts`], {
    cwd: root,
    encoding: "utf8",
    timeout: 280_000,
    env: { ...process.env, NAMESPACE, ...variables },
  });
  return { status, stdout, stderr };
}

async function control(path: string, body: unknown = {}): Promise<Response> {
  return request(path, {
    method: "POST",
    headers: {
      authorization: `Bearer ${secretValue(NAMESPACE, "api-control", "token")}`,
      "content-type": "application/json",
    },
    body: JSON.stringify(body),
  });
}

/** The run's collector once `isReached` says so of it. */
async function untilCollector(
  runId: string,
  what: string,
  isReached: (collector: Collector) => boolean,
): Promise<Collector> {
  return until(`the collector of run ${runId} ${what}`, START_MS, async () => {
    const { collector } = (await (await request(`/runs/${runId}`)).json()) as { collector: Collector | null };
    return collector !== null && isReached(collector) ? collector : null;
  });
}

/** Collectors of new runs are made with this changed in their container. */
function changeCollector(container: object): void {
  const template = { spec: { template: { spec: { containers: [{ name: "collector", ...container }] } } } };
  kubectl(
    "-n",
    NAMESPACE,
    "patch",
    "cronjob",
    "collector",
    `--patch=${JSON.stringify({ spec: { jobTemplate: template } })}`,
  );
}

describe("what a run tells of its collector, and the make targets for a cluster", () => {
  const stuck: string[] = [];
  beforeAll(() => prepare(), 240_000);
  afterEach(async () => {
    for (const run of stuck.splice(0)) {
      await control(`/runs/${run}/stop`);
      await control(`/runs/${run}/reset`);
      kubectl("-n", NAMESPACE, "delete", "jobs", `--selector=pricefleet.io/run-id=${run}`, "--wait=false");
    }
  });
  afterAll(() => leave());

  /** A run whose collector will not start: it is stopped after the test. */
  async function startStuckRun(words: string): Promise<string> {
    const run = await startRun(NAMESPACE, words, 1);
    stuck.push(run);
    return run;
  }

  test("k8s-up brings everything up, and says when it is Ready", () => {
    const { status, stdout, stderr } = make("k8s-up");
    expect(status, stderr).toBe(0);
    expect(stdout).toContain("Up. Next: make k8s-collect");
  });

  test("k8s-collect starts a run, follows it to its end, and leaves its Job's and pod's state in it", async () => {
    const { status, stdout, stderr } = make("k8s-collect", {
      SOURCE: "sample",
      SEARCH_TERM: "kettle",
      ENRICH_LIMIT: "20",
    });
    expect(status, stderr).toBe(0);
    const [, run = ""] = /Run (\d+) is asked for/.exec(stderr) ?? [];
    expect(stdout).toContain(`Run ${run} is completed: ${LISTINGS} listings found`);
    expect(stdout).toContain("Of 20 pages to read: 20 done.");
    const collector = await untilCollector(run, "completed", ({ state }) => state === "completed");
    expect(collector).toMatchObject({
      kind: "job",
      name: `collect-${run}`,
      message: null,
      pods: [{ state: "completed", message: null }],
    });
  });

  test("a control call without the token is 401", async () => {
    expect((await request("/runs/1/stop", { method: "POST" })).status).toBe(401);
    expect((await request("/runs", { method: "POST", body: "{}" })).status).toBe(401);
  });

  test("a running search asked for again is 409 with a link to its run, and k8s-collect follows that one", async () => {
    setPageDelay(1_500);
    const run = await startRun(NAMESPACE, "ladle", 60);
    expect(await untilCollector(run, "running", ({ state }) => state === "running")).toMatchObject({
      pods: [{ state: "running" }],
    });
    const again = await control("/runs", { source: "sample", term: "ladle" });
    expect(again.status).toBe(409);
    expect(await again.json()).toMatchObject({ run_url: `/runs/${run}` });
    const { status, stderr } = make("k8s-collect", { SOURCE: "sample", SEARCH_TERM: "ladle" });
    expect(stderr).toContain(`Run ${run} of this search is under way already; following it.`);
    expect(status).toBe(0);
    setPageDelay(0);
  });

  test("a due schedule's run takes the same way: its collector is a Job of its own", async () => {
    const response = await control("/searches", {
      source: "sample",
      term: "scheduled",
      interval_seconds: 3_600,
      enrich_limit: 1,
    });
    expect(response.status).toBe(201);
    const { id } = (await response.json()) as { id: string };
    const run = await until("a run of the schedule", START_MS, async () => {
      const { items } = (await (await request(`/runs?search_id=${id}`)).json()) as {
        items: { id: string }[];
      };
      return items[0]?.id ?? null;
    });
    expect(await untilCollector(run, "made", () => true)).toMatchObject({
      kind: "job",
      name: `collect-${run}`,
    });
    await untilRun(run, "to complete", START_MS, ({ state }) => state === "completed");
  });

  test("an image that is not there is named in the run, and by k8s-collect", async () => {
    changeCollector({ image: "pricefleet/browser:0.0.0" });
    const run = await startStuckRun("no image");
    const { message, pods } = await untilCollector(run, "says why", (seen) => seen.message !== null);
    expect(message).toMatch(/^the image pricefleet\/browser:0\.0\.0 cannot be had: make k8s-build/);
    expect(pods).toMatchObject([{ state: "pending", message }]);
    const { status, stderr } = make("k8s-collect", {
      SOURCE: "sample",
      SEARCH_TERM: "no image",
      START_SECONDS: "1",
    });
    expect(stderr).toContain(
      `The collector collect-${run} is pending: the image pricefleet/browser:0.0.0 cannot be had`,
    );
    expect(status).toBe(5);
    apply("k8s/collector-cronjob.yaml");
  });

  test("memory that no node has is told with how much was wanted", async () => {
    changeCollector({ resources: { requests: { memory: "640Gi" }, limits: { memory: "640Gi" } } });
    const run = await startStuckRun("no memory");
    const { message } = await untilCollector(run, "says why", (seen) => seen.message !== null);
    expect(message).toMatch(/^no node has 640Gi of memory to spare; lower collector\.resources\.requests/);
    apply("k8s/collector-cronjob.yaml");
  });

  test("a quota that is used up is named", async () => {
    kubectl("-n", NAMESPACE, "create", "quota", "tight", "--hard=requests.memory=100Mi");
    const run = await startStuckRun("no quota");
    const { message, pods } = await untilCollector(run, "says why", (seen) => seen.message !== null);
    expect(message).toMatch(
      /^the quota tight of the namespace is used up; .*limited: requests\.memory=100Mi$/,
    );
    expect(pods).toEqual([]);
    kubectl("-n", NAMESPACE, "delete", "quota", "tight");
  });

  test("k8s-status shows pods, queues, runs and errors on one screen", () => {
    const { status, stdout, stderr } = make("k8s-status");
    expect(status, stderr).toBe(0);
    expect(stdout).toMatch(/^ {2}worker +16\/16 {2}ready$/m);
    expect(stdout).toMatch(/^ {2}listing_enrichment +\d+ waiting, \d+ in hand$/m);
    expect(stdout).toMatch(/^ {2}\d+ {2}sample no quota: /m);
    expect(stdout).toContain("LAST ERRORS");
    expect(stdout.split("\n").length).toBeLessThan(50);
  });

  test("k8s-logs gives the lines of a component's pods", () => {
    const { status, stdout } = make("k8s-logs", { COMPONENT: "dispatcher", FOLLOW: "0" });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^\[pod\/dispatcher-.*started a collector/m);
    expect(make("k8s-logs", { COMPONENT: "dispathcer" }).stderr).toContain(
      "a component that has pods: api, ",
    );
  });

  test("k8s-down ends what runs, and k8s-up goes on with the same data and passwords", async () => {
    const token = secretValue(NAMESPACE, "api-control", "token");
    expect(make("k8s-down").status).toBe(0);
    const left = kubectl(
      "-n",
      NAMESPACE,
      "get",
      "pods,services,deployments,statefulsets,jobs",
      "--output=name",
    );
    expect(left.trim()).toBe("");
    const { status, stderr } = make("k8s-up");
    expect(status, stderr).toBe(0);
    expect(secretValue(NAMESPACE, "api-control", "token")).toBe(token);
    const first = await until("the API", START_MS, async () => {
      const response = await request("/runs/1");
      return response.ok ? ((await response.json()) as { state: string }) : null;
    });
    expect(first.state).toBe("completed");
  });

  test("k8s-purge wants the namespace's name, and removes it with its data", () => {
    const refused = make("k8s-purge", { CONFIRM: "yes" });
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain(`CONFIRM is "yes"; it should be ${NAMESPACE}`);
    expect(make("k8s-purge", { CONFIRM: NAMESPACE }).status).toBe(0);
    const nothing = make("k8s-status");
    expect(nothing.status).toBe(1);
    expect(nothing.stderr.trim()).toBe(
      `There is no namespace "${NAMESPACE}" in the cluster of "${process.env["KUBE_CONTEXT"]}". make k8s-up makes it; NAMESPACE=… names another one.`,
    );
  });
});
