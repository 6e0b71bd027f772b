import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { messageOf } from "@pricefleet/contracts";
import { type Database, findSnapshot, type KeptSnapshot } from "@pricefleet/database";
import type { Logger } from "@pricefleet/logging";
import { Router } from "express";
import { inertHeaders } from "./inert-headers.ts";
import { Problem } from "./problem.ts";

const decompress = promisify(gunzip);
/** More than any page: a gzip bomb ends here. */
const LARGEST_PAGE_BYTES = 64 * 1024 * 1024;

/**
 * `/snapshots/{id}`: a kept page as it came, from SNAPSHOT_DIR, which is only read here. Not JSON, so not among the routes.
 */
export function snapshotsRouter(db: Database, snapshotDir: string, logger: Logger): Router {
  const router = Router();
  router.get("/snapshots/:id", async (request, response) => {
    response.locals.route = "/snapshots/{id}";
    const { id } = request.params;
    if (!/^\d{1,18}$/.test(id))
      throw new Problem("bad-request", `id is ${JSON.stringify(id)}; it should be an id such as 17`);
    const found = await findSnapshot(db, id);
    if (found === null) throw new Problem("not-found", `snapshot ${id} does not exist`);
    const zipped = await fileOf(found);
    response.set({
      ...inertHeaders,
      "Content-Type": "text/html; charset=utf-8",
      Vary: "Accept-Encoding",
      // The page of an id never changes, but it is pruned one day.
      "Cache-Control": "private, max-age=3600",
    });
    if (request.acceptsEncodings("gzip") === "gzip") response.set("Content-Encoding", "gzip").send(zipped);
    else response.send(await decompress(zipped, { maxOutputLength: LARGEST_PAGE_BYTES }));
  });
  return router;

  async function fileOf({ id, sha256, pruned_at: prunedAt }: KeptSnapshot): Promise<Buffer> {
    if (prunedAt !== null)
      throw new Problem("not-found", `the page of snapshot ${id} was pruned at ${prunedAt.toISOString()}`);
    if (!/^[0-9a-f]{64}$/.test(sha256))
      throw new Problem("not-found", `snapshot ${id} names no page that is kept`);
    try {
      return await readFile(join(snapshotDir, sha256.slice(0, 2), `${sha256}.html.gz`));
    } catch (error) {
      logger.warn("a snapshot cannot be read", { snapshot_id: id, error: messageOf(error) });
      throw new Problem("not-found", `the page of snapshot ${id} is not in SNAPSHOT_DIR of the API`);
    }
  }
}
