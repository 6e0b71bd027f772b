import type { Database } from "@pricefleet/database";
import { Router } from "express";
import { collectDefaultMetrics, Histogram, Registry } from "prom-client";
import { addBookGauges } from "./book-gauges.ts";

export interface Metrics {
  observe(labels: { method: string; route: string; status: number }, seconds: number): void;
  contentType: string;
  text(): Promise<string>;
}

/** Measurements of this process, of the requests it answers and of the book, in the text form that Prometheus reads. */
export function createMetrics(db: Database): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const durations = new Histogram({
    name: "http_request_duration_seconds",
    help: "Time from a request's arrival to the end of its answer",
    labelNames: ["method", "route", "status"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
  const askTheBook = addBookGauges(registry, db);
  return {
    observe: (labels, seconds) => durations.observe(labels, seconds),
    contentType: registry.contentType,
    async text() {
      await askTheBook();
      return registry.metrics();
    },
  };
}

export function metricsRouter(metrics: Metrics): Router {
  const router = Router();
  router.get("/metrics", async (_request, response) => {
    response.locals.route = "/metrics";
    response.type(metrics.contentType).send(await metrics.text());
  });
  return router;
}
