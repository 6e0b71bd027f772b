import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { objectsOf, renderChart } from "../../scripts/kubernetes/render-chart.ts";
import { metricsIn } from "../../scripts/kubernetes/promql-metrics.ts";
import { create, helm, kubectl, until, waitForRollouts } from "./cluster.ts";
import { restrictedNamespace } from "./install.ts";

const NAMESPACE = "watched-prices";
const PROMETHEUS = "watching-prometheus";
/** Prometheus makes it by itself. */
const madeByPrometheus = "up";

describe("monitoring", () => {
  beforeAll(() => {
    remove();
    restrictedNamespace(NAMESPACE);
    restrictedNamespace(PROMETHEUS);
    create(PROMETHEUS, prometheus);
    helm(
      "install",
      "pricefleet",
      "helm/pricefleet",
      `--namespace=${NAMESPACE}`,
      "--set=worker.replicas=1",
      "--set=api.serviceType=ClusterIP",
      "--set=rabbitmq.managementServiceType=ClusterIP",
      "--set=monitoring.enabled=true",
      `--set-json=monitoring.namespaceLabels={"kubernetes.io/metadata.name":"${PROMETHEUS}"}`,
      // Their kinds come with the Prometheus operator, which this cluster has not.
      "--set=monitoring.serviceMonitors=false",
      "--set=monitoring.rules=false",
    );
    waitForRollouts(NAMESPACE, "statefulset/rabbitmq", "deployment/api", "deployment/worker");
    kubectl("-n", PROMETHEUS, "wait", "--for=condition=Ready", "pod/prometheus", "--timeout=100s");
  }, 400_000);
  afterAll(remove, 240_000);

  test("every measurement that an alert or a panel asks for is there, where the ServiceMonitors look", async () => {
    const objects = objectsOf(renderChart({ monitoring: { enabled: true } }));
    const endpoints = objects
      .filter(({ kind }) => kind === "ServiceMonitor")
      .map(({ metadata, spec }) => {
        const [{ path, params = {} }] = spec.endpoints;
        const query = new URLSearchParams(
          Object.entries(params as Record<string, string[]>).flatMap(([name, values]) =>
            values.map((value) => [name, value]),
          ),
        );
        const address = metadata.name === "pricefleet-api" ? "api-service" : "rabbitmq-service:15692";
        return `http://${address.replace("-service", `-service.${NAMESPACE}`)}${path}?${query}`;
      });
    expect(endpoints).toHaveLength(2);
    const dashboard = JSON.parse(
      readFileSync(join(import.meta.dirname, "../../helm/pricefleet/dashboards/pricefleet.json"), "utf8"),
    ) as { panels: { targets: { expr: string }[] }[] };
    const asked = new Set([
      ...dashboard.panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => metricsIn(expr))),
      ...objects
        .filter(({ kind }) => kind === "PrometheusRule")
        .flatMap(({ spec }) => spec.groups[0].rules as { expr: string }[])
        .flatMap(({ expr }) => metricsIn(expr)),
    ]);
    expect(asked.size).toBeGreaterThan(8);
    asked.delete(madeByPrometheus);
    // RabbitMQ counts what is in its queues every few seconds.
    await until("RabbitMQ to have counted its queues", 60_000, () =>
      readMetrics(endpoints.at(-1) ?? "").includes("rabbitmq_detailed_queue_messages") ? true : null,
    );
    const measured = new Set(endpoints.flatMap((url) => readMetrics(url)));
    expect([...asked].filter((name) => !measured.has(name))).toEqual([]);
  });

  test("Grafana's sidecar finds the dashboard", () => {
    const maps = kubectl("-n", NAMESPACE, "get", "configmaps", "--selector=grafana_dashboard=1", "-o=name");
    expect(maps.trim()).toBe("configmap/pricefleet-dashboard");
  });
});

function readMetrics(url: string): string[] {
  const read = `fetch(process.argv[1], { signal: AbortSignal.timeout(10000) }).then(async (answer) => console.log(await answer.text()))`;
  const text = kubectl("-n", PROMETHEUS, "exec", "prometheus", "--", "node", "-e", read, url);
  return text.split("\n").flatMap((line) => /^[a-z_]+/.exec(line) ?? []);
}

/** What asks from where Prometheus would. */
const prometheus = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "prometheus" },
  spec: {
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 0,
    securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: "RuntimeDefault" } },
    containers: [
      {
        name: "prometheus",
        image: "pricefleet/service:0.1.0",
        imagePullPolicy: "IfNotPresent",
        command: ["sleep", "infinity"],
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
      },
    ],
  },
};

function remove(): void {
  kubectl("delete", "namespace", NAMESPACE, PROMETHEUS, "--ignore-not-found", "--timeout=200s");
}
