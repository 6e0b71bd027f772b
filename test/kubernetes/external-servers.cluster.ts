import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { apply, helm, kubectl, secretValue, startRun, untilRun, waitForRollouts } from "./cluster.ts";
import { fixture, restrictedNamespace, openMarketplace, removeAll } from "./install.ts";
import { canReach, clusterAddress } from "./look.ts";

const NAMESPACE = "served-elsewhere";
const SERVERS = "foreign-servers";
const LISTINGS = 60;
/** The way to the marketplace, whose address is private; no other policy allows it here. */
const extraEgress = [
  {
    to: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "sample-marketplace" } } }],
    ports: [{ protocol: "TCP", port: 8080 }],
  },
];

describe("PostgreSQL and RabbitMQ that are not the chart's", () => {
  beforeAll(() => {
    remove();
    restrictedNamespace(NAMESPACE);
    apply(fixture("foreign-servers.yaml"));
    apply(fixture("use-foreign-servers.yaml"), NAMESPACE);
    openMarketplace(NAMESPACE);
    kubectl("-n", NAMESPACE, "delete", "networkpolicy", "fetch-marketplace");
    kubectl("-n", SERVERS, "wait", "--for=condition=Ready", "pod/book", "pod/belt", "--timeout=120s");
  }, 400_000);
  afterAll(remove, 240_000);

  test("an operator's Secrets are enough: by TLS, and with passwords of any characters, a run is done", async () => {
    release("install", "values-operators.yaml");
    const run = await startRun(NAMESPACE, "whisk", LISTINGS);
    const end = await untilRun(run, "to complete", 120_000, ({ state }) => state === "completed");
    expect(end).toMatchObject({ done: LISTINGS, failed: 0, dead: 0 });
    expect(
      askForeignBook(
        "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename LIKE 'pricefleet_%'",
      ),
    ).toBe("t");
  });

  test("no server is made, and no password for one", () => {
    expect(kubectl("-n", NAMESPACE, "get", "statefulsets", "-o=name")).toBe("");
    const secrets = kubectl("-n", NAMESPACE, "get", "secrets", "-o=jsonpath={.items[*].metadata.name}").split(
      " ",
    );
    expect(secrets).not.toContain("rabbitmq-credentials");
    expect(
      kubectl("-n", NAMESPACE, "get", "secret", "postgres-credentials", "-o=jsonpath={.data}"),
    ).not.toContain("admin-password");
  });

  test("network.extraEgress opens the way to one private address and to no other", () => {
    const reach = (host: string, port: number) => canReach(NAMESPACE, "deployment/worker", host, port);
    expect(reach(clusterAddress("sample-marketplace", "marketplace"), 80)).toBe(true);
    expect(reach(clusterAddress(NAMESPACE, "api-service"), 80)).toBe(false);
  });

  test("roles made beforehand and whole URLs will do as well, and the data is there", async () => {
    for (const role of ["owner", "worker", "api"]) {
      const password = secretValue(NAMESPACE, "postgres-credentials", `${role}-password`);
      const uri = `postgresql://pricefleet_${role}:${password}@book.${SERVERS}.svc:5432/pricefleet`;
      kubectl("-n", NAMESPACE, "create", "secret", "generic", `book-${role}`, `--from-literal=uri=${uri}`);
    }
    release("upgrade", "values-uris.yaml");
    const run = await startRun(NAMESPACE, "sieve", LISTINGS);
    const end = await untilRun(run, "to complete", 120_000, ({ state }) => state === "completed");
    expect(end).toMatchObject({ done: LISTINGS, failed: 0, dead: 0 });
    expect(askForeignBook("SELECT count(*) FROM price_tracker.targets WHERE state = 'done'")).toBe(
      String(2 * LISTINGS),
    );
  });
});

function release(action: "install" | "upgrade", valuesFile: string): void {
  helm(
    action,
    "pricefleet",
    "helm/pricefleet",
    `--namespace=${NAMESPACE}`,
    `--values=${fixture(valuesFile)}`,
    "--set=worker.replicas=2",
    `--set-json=network.extraEgress=${JSON.stringify(extraEgress)}`,
  );
  waitForRollouts(
    NAMESPACE,
    "deployment/api",
    "deployment/dispatcher",
    "deployment/worker",
    "deployment/quotes-worker",
  );
}

function askForeignBook(query: string): string {
  return kubectl(
    "-n",
    SERVERS,
    "exec",
    "book",
    "--",
    "psql",
    "-U",
    "postgres",
    "-d",
    "pricefleet",
    "-tAc",
    query,
  ).trim();
}

function remove(): void {
  removeAll(NAMESPACE);
  kubectl("delete", "namespace", SERVERS, "--ignore-not-found", "--timeout=200s");
}
