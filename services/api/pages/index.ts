import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { type Database, findListings, findRuns } from "@pricefleet/database";
import express, { Router } from "express";
import { docsPage, docsScript } from "./docs-page.ts";
import { renderFrontPage } from "./front-page.ts";

const RUNS_SHOWN = 6;
const LISTINGS_SHOWN = 50;

/** Importing the package itself would load the whole of Swagger UI into this process. */
const swaggerUiFolder = dirname(fileURLToPath(import.meta.resolve("swagger-ui-dist/package.json")));

/** What people look at: the front page, the documentation, and the document behind it. */
export function pagesRouter(db: Database, openapi: object): Router {
  const router = Router();
  router.get("/", async (_request, response) => {
    response.locals.route = "/";
    const [runs, listings] = await Promise.all([
      findRuns(db, {}, RUNS_SHOWN, null),
      findListings(db, {}, "newest", LISTINGS_SHOWN, null),
    ]);
    response.type("html").send(renderFrontPage(runs.items, listings.items, new Date()).text);
  });
  router.get("/front-page.css", (_request, response) => {
    response.sendFile("front-page.css", { root: import.meta.dirname });
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
