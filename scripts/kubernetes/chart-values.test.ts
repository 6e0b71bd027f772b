import { jsonApiSettings } from "@pricefleet/sources";
import { describe, expect, test } from "vitest";
import { conform, type KubernetesObject, objectsOf, renderChart } from "./render-chart.ts";
import { findTool } from "./tools.ts";

const from = (secret: string, key: string) => ({ secret, key });
const superuser = {
  host: from("book-superuser", "host"),
  port: from("book-superuser", "port"),
  sslmode: "verify-full",
  ca: from("book-ca", "ca.crt"),
  admin: { user: from("book-superuser", "user"), password: from("book-superuser", "password") },
};
const { ca: _, ...withoutAuthority } = superuser;
const everyServerByParts = {
  postgres: { enabled: false, external: superuser },
  rabbitmq: {
    enabled: false,
    external: {
      host: "belt.brokers.svc",
      user: from("belt-default-user", "username"),
      password: from("belt-default-user", "password"),
      tls: true,
      ca: from("belt-ca", "ca.crt"),
      managementUrl: "https://belt.brokers.svc:15671",
    },
  },
};
const role = (name: string) => ({ url: from(`book-${name}`, "uri") });
const everyServerByUrl = {
  postgres: {
    enabled: false,
    external: {
      sslmode: "require",
      owner: role("owner"),
      worker: role("worker"),
      api: role("api"),
    },
  },
  rabbitmq: { enabled: false, external: { url: from("belt-default-user", "connection_string") } },
};
const pricingApi = {
  base_url: "https://api.example.com/v1",
  headers: { authorization: "Bearer ${PRICING_API_TOKEN}" },
  markets: ["berlin"],
  products: { url: "/markets/{market}/products", items: "data", id: "sku" },
  price: { url: "/markets/{market}/products/{product}", amount: "price", currency: "EUR" },
};
const everyOption = {
  namespace: { create: true },
  image: { registry: "localhost:32000/", pullSecrets: ["registry"] },
  backup: { enabled: true },
  monitoring: { enabled: true, labels: { release: "kube-prometheus-stack" } },
  dispatcher: { barRetentionDays: "1m:30,5m:365" },
  streamer: { enabled: true, barIntervals: "1m,1h" },
  tor: { enabled: true },
  tradingview: {
    credentialsSecret: "tradingview",
    socketUrl: "wss://mirror.example/socket",
    siteUrl: "https://mirror.example",
  },
  sentry: { dsnSecret: "sentry" },
  baseCurrency: "EUR",
  jsonApi: { settings: pricingApi, headersSecret: "pricing-api" },
  storage: { hostFolder: "/var/snap/microk8s/common/price-tracker" },
  network: { extraEgress: [{ to: [{ ipBlock: { cidr: "10.7.0.0/16" } }], ports: [{ port: 8080 }] }] },
};
const variants = {
  "nothing changed": {},
  "every option, scaled by KEDA": { ...everyOption, worker: { scaling: "keda" } },
  "every option, scaled by processor": { ...everyOption, worker: { scaling: "hpa" } },
  "every option, workers as a Job": { ...everyOption, worker: { mode: "job" } },
  "servers elsewhere, by parts": { ...everyOption, ...everyServerByParts, worker: { scaling: "keda" } },
  "servers elsewhere, by URL": {
    ...everyOption,
    ...everyServerByUrl,
    backup: { enabled: true, existingClaim: "nas" },
  },
};

const hasHelm = findTool("helm") !== null;

describe.skipIf(!hasHelm || findTool("kubeconform") === null)("with kubeconform", () => {
  test.each(Object.entries(variants))("everything that is rendered is valid: %s", (_name, values) => {
    expect(conform(renderChart(values))).toMatch(/Invalid: 0, Errors: 0, Skipped: 0/);
  });

  test.each([
    ["ScaledObject", "maxReplicaCount:", "maxReplicasCount:"],
    ["TriggerAuthentication", "secretTargetRef:", "secretTargetRefs:"],
    ["ServiceMonitor", "endpoints:", "endpoint:"],
    ["PrometheusRule", "expr:", "expression:"],
    ["CronJob", "concurrencyPolicy:", "concurencyPolicy:"],
  ])("a misspelt field of a %s is found", (kind, right, wrong) => {
    const rendered = renderChart({ ...everyOption, worker: { scaling: "keda" } });
    expect(rendered).toContain(right);
    expect(conform(rendered.replace(right, wrong))).toMatch(new RegExp(`${kind} .* is invalid`));
  });
});

describe.skipIf(!hasHelm)("with helm", () => {
  test.each([
    ["postgres.external.hots", { postgres: { external: { hots: "db" } } }],
    ["postgres.external.admin.pasword", { postgres: { external: { admin: { pasword: from("a", "b") } } } }],
    ["rabbitmq.external.uri", { rabbitmq: { external: { uri: from("a", "b") } } }],
    ["backup.keeps", { backup: { keeps: 3 } }],
    ["monitoring.enable", { monitoring: { enable: true } }],
    ["quotesWorker.queue", { quotesWorker: { queue: "quote_refresh:4" } }],
    ["tor.enable", { tor: { enable: true } }],
    ["streamer.enable", { streamer: { enable: true } }],
    ["streamer.intervals", { streamer: { intervals: "1m" } }],
    ["tradingview.secret", { tradingview: { secret: "x" } }],
    ["dispatcher.barRetention", { dispatcher: { barRetention: "1m:30" } }],
    ["jsonApi.config", { jsonApi: { config: {} } }],
    ["sentry.dsn", { sentry: { dsn: "https://key@example.com/1" } }],
    ["network.extraEgress.0.form", { network: { extraEgress: [{ form: [] }] } }],
  ])("the misspelt value %s is refused", (path, values) => {
    expect(() => renderChart(values)).toThrow(new RegExp(`'${path.split(".").at(-1)}' not allowed`));
  });

  test("a password is taken from a Secret only", () => {
    const values = {
      postgres: { enabled: false, external: { ...superuser, admin: { password: "hunter2" } } },
    };
    expect(() => renderChart(values)).toThrow("want object");
  });

  test.each([
    [
      "postgres.external.host is missing",
      { postgres: { enabled: false, external: { admin: { password: from("a", "b") } } } },
    ],
    [
      "postgres.external.worker wants a url, or a password",
      { postgres: { enabled: false, external: { owner: role("owner"), api: role("api") } } },
    ],
    [
      "sslmode verify-ca wants postgres.external.ca",
      { postgres: { enabled: false, external: { ...withoutAuthority, sslmode: "verify-ca" } } },
    ],
    ["rabbitmq.external.host is missing", { rabbitmq: { enabled: false } }],
    ["wants rabbitmq.external.managementUrl", { ...everyServerByUrl, worker: { scaling: "keda" } }],
  ])("what is missing of a server elsewhere is named: %s", (message, values) => {
    expect(() => renderChart(values)).toThrow(message);
  });

  test("servers elsewhere are not made, nor their passwords", () => {
    const objects = objectsOf(renderChart(everyServerByUrl));
    expect(objects.filter(({ kind }) => kind === "StatefulSet")).toEqual([]);
    expect(containerOf(objects, "Job", "keep-secrets").args).toEqual([
      "node",
      "scripts/keep-secrets.ts",
      "api-control",
    ]);
    expect(environmentOf(objects, "Job", "migrate")["DATABASE_URL"]).toContain("sslmode=require");
    const withAdmin = objectsOf(renderChart(everyServerByParts));
    expect(containerOf(withAdmin, "Job", "keep-secrets").args?.slice(2)).toEqual([
      "api-control",
      "postgres-roles",
    ]);
  });

  test("TLS to servers elsewhere is checked against the authority that is given", () => {
    const objects = objectsOf(renderChart(everyServerByParts));
    const { DATABASE_URL, AMQP_URL } = environmentOf(objects, "Deployment", "worker");
    expect(DATABASE_URL).toContain("sslmode=verify-full&sslrootcert=/etc/pricefleet/ca/postgres.crt");
    expect(AMQP_URL).toMatch(/^amqps:.*\?cacertfile=\/etc\/pricefleet\/ca\/rabbitmq\.crt$/);
  });

  test("the collector's CronJob searches for what the values say", () => {
    const collector = { source: "sample", searchTerm: "kettle;teapot", maxPages: 3, enrichLimit: 40 };
    expect(environmentOf(objectsOf(renderChart({ collector })), "CronJob", "collector")).toMatchObject({
      SOURCE: "sample",
      SEARCH_TERM: "kettle;teapot",
      MAX_PAGES: "3",
      ENRICH_LIMIT: "40",
    });
  });

  test.each(["keda", "hpa"])("with %s nobody else says how many workers there are", (scaling) => {
    const objects = objectsOf(renderChart({ worker: { scaling } }));
    expect(find(objects, "Deployment", "worker").spec.replicas).toBeUndefined();
  });

  test.each([
    { mode: "job" },
    { scaling: "keda" },
    { scaling: "hpa" },
    { replicas: 3, queues: "listing_enrichment:2" },
  ])("the quotes worker is the same with worker %o", (worker) => {
    const quotes = (values: object) => find(objectsOf(renderChart(values)), "Deployment", "quotes-worker");
    expect(quotes({ worker })).toEqual(quotes({}));
    expect(quotes({}).spec.replicas).toBe(1);
    expect(environmentOf([quotes({})], "Deployment", "quotes-worker")["WORKER_QUEUES"]).toBe(
      "quote_refresh:4,history_sync:4",
    );
  });

  test("those that connect to sites are told where Tor is when it is enabled, and only then", () => {
    const told = (values: object) =>
      objectsOf(renderChart(values))
        .filter((object) => JSON.stringify(object).includes('"TOR_SOCKS_ADDRESS"'))
        .map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(told({})).toEqual([]);
    expect(told({ tor: { enabled: true }, streamer: { enabled: true } }).toSorted()).toEqual([
      "CronJob collector",
      "Deployment quotes-worker",
      "Deployment streamer",
      "Deployment worker",
    ]);
  });

  test("every service that runs is told where unexpected errors go, from a Secret", () => {
    const objects = objectsOf(renderChart(everyOption));
    const told = { valueFrom: { secretKeyRef: { name: "sentry", key: "dsn" } } };
    for (const name of ["api", "dispatcher", "worker", "quotes-worker", "streamer"]) {
      const env = containerOf(objects, "Deployment", name).env ?? [];
      expect(env.find((variable) => variable.name === "SENTRY_DSN")).toMatchObject(told);
    }
  });

  test("who streams, syncs and prunes bars is told what the values say of it, and nothing where they say nothing", () => {
    const told = (values: object) => {
      const objects = objectsOf(renderChart(values));
      return Object.fromEntries(
        ["dispatcher", "quotes-worker", "streamer"].map((name) => {
          const { TRADINGVIEW_WS_URL, TRADINGVIEW_BASE_URL, BAR_INTERVALS, BAR_RETENTION_DAYS } =
            environmentOf(objects, "Deployment", name);
          return [name, { TRADINGVIEW_WS_URL, TRADINGVIEW_BASE_URL, BAR_INTERVALS, BAR_RETENTION_DAYS }];
        }),
      );
    };
    const nothing = {
      TRADINGVIEW_WS_URL: undefined,
      TRADINGVIEW_BASE_URL: undefined,
      BAR_INTERVALS: undefined,
      BAR_RETENTION_DAYS: undefined,
    };
    const socket = { TRADINGVIEW_WS_URL: "wss://mirror.example/socket" };
    const site = { TRADINGVIEW_BASE_URL: "https://mirror.example" };
    expect(told({ streamer: { enabled: true } })).toEqual({
      dispatcher: nothing,
      "quotes-worker": nothing,
      streamer: nothing,
    });
    expect(told(everyOption)).toEqual({
      dispatcher: { ...nothing, ...site, BAR_RETENTION_DAYS: "1m:30,5m:365" },
      "quotes-worker": { ...nothing, ...socket, ...site },
      streamer: { ...nothing, ...socket, BAR_INTERVALS: "1m,1h" },
    });
  });

  test("collectors, workers and the API value prices in one currency and read one JSON API, whose headers only those know that ask it", () => {
    const objects = objectsOf(renderChart(everyOption));
    const settings = find(objects, "ConfigMap", "json-api") as KubernetesObject & {
      data: Record<string, string>;
    };
    expect(jsonApiSettings.parse(JSON.parse(settings.data["settings.json"] ?? ""))).toMatchObject(pricingApi);
    for (const [kind, name] of [
      ["Deployment", "api"],
      ["Deployment", "worker"],
      ["Deployment", "quotes-worker"],
      ["CronJob", "collector"],
    ] as const) {
      expect(environmentOf(objects, kind, name)).toMatchObject({
        BASE_CURRENCY: "EUR",
        JSON_API_CONFIG: "/etc/pricefleet/json-api/settings.json",
      });
      const { volumeMounts, envFrom } = containerOf(objects, kind, name);
      expect(volumeMounts).toContainEqual({
        name: "json-api",
        mountPath: "/etc/pricefleet/json-api",
        readOnly: true,
      });
      const secrets = envFrom?.flatMap(({ secretRef }) => secretRef?.name ?? []);
      expect(secrets).toEqual(name === "api" ? [] : ["pricing-api"]);
    }
    const plain = objectsOf(renderChart({}));
    expect(JSON.stringify(plain)).not.toMatch(/json-api|BASE_CURRENCY/);
  });

  test("other settings of the JSON API start other pods", () => {
    const pods = (settings: object) =>
      find(objectsOf(renderChart({ jsonApi: { settings } })), "Deployment", "worker").spec.template.metadata;
    expect(pods(pricingApi)).toEqual(pods(pricingApi));
    expect(pods(pricingApi)).not.toEqual(pods({ ...pricingApi, markets: ["paris"] }));
  });

  test("a base currency is a code of three letters", () => {
    expect(() => renderChart({ baseCurrency: "euro" })).toThrow("baseCurrency");
  });

  test("the streamer gets the internet, PostgreSQL and its login, and no RabbitMQ", () => {
    const objects = objectsOf(renderChart(everyOption));
    const environment = environmentOf(objects, "Deployment", "streamer");
    expect(Object.keys(environment)).toEqual(
      expect.arrayContaining(["DATABASE_URL", "TRADINGVIEW_PASSWORD"]),
    );
    expect(environment["AMQP_URL"]).toBeUndefined();
    const policies = objects.filter(
      ({ kind, spec }) => kind === "NetworkPolicy" && JSON.stringify(spec.podSelector).includes('"streamer"'),
    );
    expect(policies.map(({ metadata }) => metadata.name)).toEqual(
      expect.arrayContaining(["resolve-names", "use-postgres", "fetch-pages"]),
    );
    expect(policies.map(({ metadata }) => metadata.name)).not.toContain("use-rabbitmq");
  });
});

function find(objects: readonly KubernetesObject[], kind: string, component: string): KubernetesObject {
  const found = objects.find(
    (object) => object.kind === kind && object.metadata.labels?.["app.kubernetes.io/name"] === component,
  );
  if (found === undefined) throw new Error(`no ${kind} of ${component} was rendered`);
  return found;
}

interface Container {
  args?: string[];
  env?: { name: string; value?: string }[];
  envFrom?: { secretRef?: { name: string } }[];
  volumeMounts?: object[];
}

function containerOf(objects: readonly KubernetesObject[], kind: string, component: string): Container {
  const { spec } = find(objects, kind, component);
  const pod = (spec.jobTemplate?.spec ?? spec).template.spec as { containers: Container[] };
  return pod.containers[0] ?? {};
}

function environmentOf(objects: readonly KubernetesObject[], kind: string, component: string) {
  const { env = [] } = containerOf(objects, kind, component);
  return Object.fromEntries(env.map(({ name, value = "from a Secret" }) => [name, value]));
}
