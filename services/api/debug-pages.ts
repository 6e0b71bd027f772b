import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { debugFiles, messageOf } from "@pricefleet/contracts";
import type { Logger } from "@pricefleet/logging";
import { Router } from "express";
import { inertHeaders } from "./inert-headers.ts";
import { Problem } from "./problem.ts";

/** Pages that were not understood, as workers kept them under DEBUG_DIR. */
export interface DebugPages {
  /** What is kept of an attempt; a file that was pruned, or never came, is false. */
  keptOf(targetId: string, attempt: number): Promise<{ page: boolean; screenshot: boolean }>;
  /** Null: not kept. */
  read(targetId: string, attempt: number, kind: "page" | "screenshot"): Promise<Buffer | null>;
}

const decompress = promisify(gunzip);

export function createDebugPages(dir: string, logger: Logger): DebugPages {
  return {
    async keptOf(targetId, attempt) {
      const files = debugFiles(targetId, attempt);
      const [page, screenshot] = await Promise.all(
        [files.page, files.screenshot].map((file) => unlessGone(stat(join(dir, file)))),
      );
      return { page: page !== null, screenshot: screenshot !== null };
    },
    async read(targetId, attempt, kind) {
      const file = await unlessGone(readFile(join(dir, debugFiles(targetId, attempt)[kind])));
      if (file === null || kind === "screenshot") return file;
      return decompress(file);
    },
  };

  /** A folder that is not there, or that this process may not read, is one without pages. */
  async function unlessGone<T>(work: Promise<T>): Promise<T | null> {
    try {
      return await work;
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : null;
      if (code !== "ENOENT") logger.warn("DEBUG_DIR cannot be read", { dir, error: messageOf(error) });
      return null;
    }
  }
}

/** `/dead-letters/{id}/page` and `/screenshot`, of the attempt asked for. Not JSON, so not among the routes. */
export function debugPagesRouter(pages: DebugPages): Router {
  const router = Router();
  for (const kind of ["page", "screenshot"] as const) {
    router.get(`/dead-letters/:id/${kind}`, async (request, response) => {
      response.locals.route = `/dead-letters/{id}/${kind}`;
      const { id } = request.params;
      const { attempt } = request.query;
      if (!/^\d{1,18}$/.test(id) || typeof attempt !== "string" || !/^\d{1,9}$/.test(attempt))
        throw new Problem("bad-request", "ask as GET /dead-letters/{id} links: with an attempt such as 5");
      const content = await pages.read(id, Number(attempt), kind);
      if (content === null)
        throw new Problem("not-found", `no ${kind} is kept of attempt ${attempt} of target ${id}`);
      response
        .set({
          ...inertHeaders,
          "Cache-Control": "private, no-cache",
          "Content-Type": kind === "page" ? "text/html; charset=utf-8" : "image/png",
        })
        .send(content);
    });
  }
  return router;
}
