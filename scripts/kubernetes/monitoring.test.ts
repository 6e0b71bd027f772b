import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { metricsIn } from "./promql-metrics.ts";
import { objectsOf, renderChart } from "./render-chart.ts";
import { findTool } from "./tools.ts";

const dashboard = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../helm/pricefleet/dashboards/pricefleet.json"), "utf8"),
) as { panels: { title: string; targets: { expr: string }[] }[] };

test.each(dashboard.panels.map((panel) => [panel.title, panel] as const))(
  "Grafana's panel %s asks in PromQL",
  (_title, { targets }) => {
    for (const { expr } of targets) expect(metricsIn(expr)).not.toEqual([]);
  },
);

test("what is no PromQL is found", () => {
  expect(() => metricsIn("sum(up{service=})")).toThrow("no PromQL");
});

describe.skipIf(findTool("helm") === null)("with helm", () => {
  test("every alert asks in PromQL, for a namespace, and says what to look at", () => {
    const [{ spec } = { spec: {} }] = objectsOf(renderChart({ monitoring: { enabled: true } })).filter(
      ({ kind }) => kind === "PrometheusRule",
    );
    const rules = spec.groups[0].rules as {
      alert: string;
      expr: string;
      annotations: { description: string };
    }[];
    expect(rules.length).toBeGreaterThanOrEqual(7);
    for (const { alert, expr, annotations } of rules) {
      expect(metricsIn(expr), alert).not.toEqual([]);
      expect(expr.match(/\{/g)?.length, alert).toBe(expr.match(/namespace="prices"/g)?.length);
      expect(annotations.description, alert).not.toBe("");
    }
  });
});
