import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { type Database, findListings, findRun, findRuns, type LatestQuote } from "@pricefleet/database";
import express, { Router } from "express";
import type { QuoteMemory } from "../market/index.ts";
import { Problem } from "../problem.ts";
import { progressOf } from "../progress/run-progress.ts";
import type { Means } from "../route.ts";
import { docsPage, docsScript } from "./docs-page.ts";
import { renderFrontPage } from "./front-page.ts";
import type { ShownRun } from "./run-cards.ts";

const RUNS_SHOWN = 6;
const LISTINGS_SHOWN = 50;

/** Importing the package itself would load the whole of Swagger UI into this process. */
const swaggerUiFolder = dirname(fileURLToPath(import.meta.resolve("swagger-ui-dist/package.json")));

/** What people look at: the front page, the documentation, and the document behind it. */
export function pagesRouter(
  { db, market, baseCurrency }: Pick<Means, "db" | "market" | "baseCurrency">,
  openapi: object,
): Router {
  const router = Router();
  router.get("/", async (_request, response) => {
    response.locals.route = "/";
    const now = new Date();
    const [runs, listings] = await Promise.all([
      latestRuns(db, now),
      findListings(db, {}, "newest", LISTINGS_SHOWN, null),
    ]);
    const quotes = quotesOrNull(market.quotes);
    const page = renderFrontPage({ runs, quotes, listings: listings.items, baseCurrency, now });
    response.set("Cache-Control", "no-store").type("html").send(page.text);
  });
  for (const [path, file] of [
    ["/front-page.css", "front-page.css"],
    ["/front-page.js", "browser/front-page.js"],
    ["/words.js", "browser/words.js"],
  ] as const)
    router.get(path, (_request, response) => {
      response.sendFile(file, { root: import.meta.dirname });
    });
  router.get("/docs", (_request, response) => {
    response.type("html").send(docsPage.text);
  });
  router.get("/docs/start.js", (_request, response) => {
    response.type("js").send(docsScript);
  });
  router.use("/docs/assets", express.static(swaggerUiFolder, { index: false, maxAge: "1d" }));
  router.get("/openapi.json", (_request, response) => {
    response.json(openapi);
  });
  return router;
}

/** With their progress where there is more to come: what has ended is told by its counts. */
async function latestRuns(db: Database, now: Date): Promise<ShownRun[]> {
  const { items } = await findRuns(db, {}, RUNS_SHOWN, null);
  return Promise.all(
    items.map(async (run) => {
      const isOver = run.finished_at !== null || run.state === "idle";
      const found = isOver ? null : await findRun(db, run.id);
      if (found === null) return { ...run, progress: null };
      const progress = progressOf(found, now);
      return { ...found, counts: progress.counts, progress };
    }),
  );
}

function quotesOrNull(quotes: QuoteMemory): LatestQuote[] | null {
  try {
    return [...quotes.all().values()];
  } catch (error) {
    if (error instanceof Problem) return null;
    throw error;
  }
}
