import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { askBook, create, helm, kubectl, startRun, until, untilRun } from "./cluster.ts";
import { restrictedNamespace, openMarketplace, leave, waitUntilUp } from "./install.ts";

const NAMESPACE = "backed-up-prices";
const LISTINGS = 40;
const rows =
  "SELECT json_build_array((SELECT count(*) FROM listings), (SELECT count(*) FROM price_observations))";

describe("backup and restore", () => {
  beforeAll(() => {
    restrictedNamespace(NAMESPACE);
    openMarketplace(NAMESPACE);
    helm(
      "install",
      "pricefleet",
      "helm/pricefleet",
      `--namespace=${NAMESPACE}`,
      "--set=worker.replicas=2",
      "--set=backup.enabled=true",
      "--set=backup.keep=2",
    );
    waitUntilUp(NAMESPACE);
  }, 400_000);
  afterAll(() => leave(NAMESPACE));

  let before: unknown;

  test("a backup is made, and only the newest are kept", async () => {
    const run = await startRun(NAMESPACE, "grater", LISTINGS);
    await untilRun(run, "to complete", 120_000, ({ state }) => state === "completed");
    before = askBook(NAMESPACE, rows);
    const said = [];
    for (const name of ["first", "second", "third"]) said.push(await runJob("backup", name));
    expect(said.at(-1)).toMatch(/\/backups\/pricefleet-\d{8}T\d{6}Z\.dump has \d+ bytes/);
    const [oldest = "", ...kept] = said.map((line) => /\S+\.dump/.exec(line)?.[0] ?? "");
    expect((await runJob("restore", "look", { BACKUP_FILE: oldest }, "failed")).trim()).toContain(
      `there is no backup ${oldest}`,
    );
    expect(kept).toHaveLength(2);
  });

  test("a database that lost its volume gets its rows back, and work goes on", async () => {
    stop();
    kubectl("-n", NAMESPACE, "scale", "statefulset/postgres", "--replicas=0");
    kubectl("-n", NAMESPACE, "delete", "pvc", "data-postgres-0", "--timeout=120s");
    kubectl("-n", NAMESPACE, "delete", "jobs", "--selector=app.kubernetes.io/name=migrate");
    helm("upgrade", "pricefleet", "helm/pricefleet", `--namespace=${NAMESPACE}`, "--reuse-values");
    waitUntilUp(NAMESPACE);
    expect(askBook(NAMESPACE, "SELECT count(*) FROM listings")).toBe(0);

    expect(await runJob("restore", "newest")).toContain("restored");
    expect(askBook(NAMESPACE, rows)).toEqual(before);
    const run = await startRun(NAMESPACE, "peeler", LISTINGS);
    const end = await untilRun(run, "to complete", 120_000, ({ state }) => state === "completed");
    expect(end).toMatchObject({ done: LISTINGS, failed: 0, dead: 0 });
  });

  test("a backup that cannot be read to its end changes nothing", async () => {
    const held = askBook(NAMESPACE, rows);
    const torn = "/backups/pricefleet-torn.dump";
    await runJob(
      "backup",
      "tear",
      {},
      "complete",
      `head --bytes=60000 "$(ls /backups/*.dump | tail --lines=1)" > ${torn}`,
    );
    expect(await runJob("restore", "torn", { BACKUP_FILE: torn }, "failed")).toMatch(
      /nothing was changed|error/,
    );
    expect(askBook(NAMESPACE, rows)).toEqual(held);
  });
});

function stop(): void {
  kubectl(
    "-n",
    NAMESPACE,
    "scale",
    "deployment",
    "api",
    "dispatcher",
    "worker",
    "quotes-worker",
    "--replicas=0",
  );
}

/** As `kubectl create job NAME --from=cronjob/…`; gives what the pod said at its end. */
async function runJob(
  cronjob: string,
  name: string,
  environment: Record<string, string> = {},
  expected: "complete" | "failed" = "complete",
  script?: string,
): Promise<string> {
  const job = JSON.parse(
    kubectl(
      "-n",
      NAMESPACE,
      "create",
      "job",
      name,
      `--from=cronjob/${cronjob}`,
      "--dry-run=client",
      "-o=json",
    ),
  ) as { spec: { template: { spec: { containers: { args: string[]; env: object[] }[] } } } };
  for (const container of job.spec.template.spec.containers) {
    container.env.push(...Object.entries(environment).map(([key, value]) => ({ name: key, value })));
    if (script !== undefined) container.args = [script];
  }
  create(NAMESPACE, job);
  await until(`Job ${name} to be ${expected}`, 120_000, () => {
    const conditions = kubectl(
      "-n",
      NAMESPACE,
      "get",
      "job",
      name,
      "-o=jsonpath={.status.conditions[*].type}",
    );
    return conditions.toLowerCase().split(" ").includes(expected) ? true : null;
  });
  return kubectl("-n", NAMESPACE, "logs", `job/${name}`);
}
