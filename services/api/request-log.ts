import { randomUUID } from "node:crypto";
import { type Logger, withLogFields } from "@pricefleet/logging";
import type { RequestHandler } from "express";
import type { Metrics } from "./metrics.ts";

declare global {
  namespace Express {
    interface Locals {
      requestId: string;
      /** Puts the request's id on every line. */
      log: Logger;
      /** The route's path as it is declared; its values would make too many metrics. */
      route?: string;
    }
  }
}

/** Asked for every few seconds by machines; only worth a line when something is wrong. */
const quietRoutes = new Set(["/health", "/health/live", "/health/ready", "/metrics"]);

/** Gives each request its id, and when it is answered (or the caller has hung up) one line and one measurement. */
export function logRequests(logger: Logger, metrics: Metrics): RequestHandler {
  return (request, response, next) => {
    const startedAt = performance.now();
    const given = request.get("x-request-id");
    // What a caller sends ends up in the log: only what cannot forge a line is taken.
    const requestId = given !== undefined && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID();
    response.locals.requestId = requestId;
    response.locals.log = logger.child({ request_id: requestId });
    response.set("X-Request-Id", requestId);
    response.on("close", () => {
      const durationMs = performance.now() - startedAt;
      const route = response.locals.route ?? "none";
      const isQuiet = quietRoutes.has(route) && response.statusCode < 400;
      metrics.observe({ method: request.method, route, status: response.statusCode }, durationMs / 1_000);
      response.locals.log.log(isQuiet ? "debug" : "info", "request", {
        method: request.method,
        path: request.originalUrl.split("?", 1)[0],
        route,
        status: response.statusCode,
        duration_ms: Math.round(durationMs * 10) / 10,
        caller: request.ip,
        ...(response.writableFinished ? {} : { hung_up: true }),
      });
    });
    withLogFields({ request_id: requestId }, next);
  };
}
