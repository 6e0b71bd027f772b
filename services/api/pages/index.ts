import type { Database } from "@pricefleet/database";
import { Router } from "express";

/** What people look at: the front page, the documentation, and the document behind it. */
export function pagesRouter(_db: Database, openapi: object): Router {
  const router = Router();
  router.get("/openapi.json", (_request, response) => {
    response.locals.route = "/openapi.json";
    response.json(openapi);
  });
  return router;
}
