import type { Logger } from "@pricefleet/logging";
import cors from "cors";
import express, { type Express, type RequestHandler } from "express";
import { rateLimit } from "express-rate-limit";
import helmet from "helmet";
import { requireControlToken } from "./control-token.ts";
import { debugPagesRouter } from "./debug-pages.ts";
import { type EventStreams, eventsRouter } from "./events/index.ts";
import { createMetrics, metricsRouter } from "./metrics.ts";
import { describeRoutes } from "./openapi.ts";
import { pagesRouter } from "./pages/index.ts";
import { answerWithProblem, Problem } from "./problem.ts";
import { logRequests } from "./request-log.ts";
import { type Means, routerOf } from "./route.ts";
import { dataRoutes, healthRoutes } from "./routes/index.ts";
import { snapshotsRouter } from "./snapshots.ts";

export interface AppOptions extends Means {
  logger: Logger;
  /** Null: nobody can control anything. */
  controlToken: string | null;
  corsOrigins: readonly string[];
  trustedProxies: number;
  /** 0: no limit. */
  rateLimitPerMinute: number;
  events: EventStreams;
  /** Where workers keep pages; only read. */
  snapshotDir: string;
}

/** Every route answers at / and under /api alike. */
const roots = ["/api", "/"];

export function createApp(options: AppOptions): Express {
  const { logger } = options;
  const metrics = createMetrics(options.db);
  const openapi = describeRoutes([...dataRoutes, ...healthRoutes]);
  const app = express();
  app.set("trust proxy", options.trustedProxies);
  app.use(logRequests(logger, metrics));
  app.use(helmet({ contentSecurityPolicy: { directives: pageFence }, strictTransportSecurity: false }));
  app.use(cors(corsRules(options.corsOrigins)));
  const everywhere = (...handlers: RequestHandler[]) => roots.map((root) => app.use(root, ...handlers));
  // Before the limit: who watches over the API must not be sent away.
  everywhere(routerOf(healthRoutes, options), metricsRouter(metrics));
  if (options.rateLimitPerMinute > 0) app.use(limitRate(options.rateLimitPerMinute));
  app.use(requireControlToken(options.controlToken));
  app.use(express.json({ limit: "64kb" }));
  everywhere(
    debugPagesRouter(options.debugPages),
    snapshotsRouter(options.db, options.snapshotDir, logger),
    routerOf(dataRoutes, options),
    eventsRouter(options.events),
    pagesRouter(options, openapi),
  );
  app.use((request) => {
    throw new Problem(
      "not-found",
      `${request.method} ${request.path} is not known here; /docs tells what is`,
    );
  });
  app.use(answerWithProblem);
  return app;
}

/** The pages load nothing from elsewhere. They are often served over plain HTTP, so nothing is upgraded to HTTPS. */
const pageFence = {
  "default-src": ["'self'"],
  // Swagger UI draws its icons from data URLs and sets styles on elements.
  "img-src": ["'self'", "data:"],
  "style-src": ["'self'", "'unsafe-inline'"],
  "upgrade-insecure-requests": null,
};

function corsRules(origins: readonly string[]): cors.CorsOptions {
  return {
    origin: [...origins],
    methods: ["GET", "POST", "PATCH", "DELETE"],
    exposedHeaders: ["X-Request-Id", "Location", "Retry-After"],
    maxAge: 600,
  };
}

function limitRate(perMinute: number): RequestHandler {
  return rateLimit({
    windowMs: 60_000,
    limit: perMinute,
    standardHeaders: "draft-8",
    legacyHeaders: false,
    // X-Forwarded-For from a caller we do not trust is ignored on purpose; the library would print a warning about it.
    validate: { xForwardedForHeader: false },
    handler: () => {
      throw new Problem(
        "too-many-requests",
        `At most ${perMinute} requests a minute; Retry-After says when to go on`,
      );
    },
  });
}
