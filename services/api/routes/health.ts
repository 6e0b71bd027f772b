import { isDatabaseAnswering } from "@pricefleet/database";
import { z } from "zod";
import { defineRoute } from "../route.ts";

const healthy = z.strictObject({ status: z.literal("healthy"), database: z.literal("connected") });
const unhealthy = z.strictObject({ status: z.literal("unhealthy"), database: z.literal("disconnected") });

const ofDatabase = {
  method: "get",
  tag: "Health",
  responses: {
    200: { description: "The API can answer", schema: healthy },
    503: { description: "PostgreSQL does not answer", schema: unhealthy },
  },
} as const;

const checkHealth: Parameters<typeof defineRoute<typeof ofDatabase.responses>>[0]["answer"] = async ({
  db,
}) =>
  (await isDatabaseAnswering(db))
    ? { status: 200, body: { status: "healthy", database: "connected" } }
    : { status: 503, body: { status: "unhealthy", database: "disconnected" } };

export const healthRoutes = [
  defineRoute({
    ...ofDatabase,
    path: "/health",
    summary: "Is all well?",
    answer: checkHealth,
  }),
  defineRoute({
    ...ofDatabase,
    path: "/health/ready",
    summary: "Should requests be sent here? (a readiness probe)",
    answer: checkHealth,
  }),
  defineRoute({
    method: "get",
    path: "/health/live",
    tag: "Health",
    summary: "Is the process alive? Says nothing of the database (a liveness probe)",
    responses: { 200: { description: "It is", schema: z.strictObject({ status: z.literal("alive") }) } },
    answer: async () => ({ status: 200, body: { status: "alive" as const } }),
  }),
];
