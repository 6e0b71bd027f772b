import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { debugFiles } from "@pricefleet/contracts";
import { pruneFiles, type PrunableStore, writeWhole } from "./kept-files.ts";

export interface FailedPage {
  targetId: string;
  attempt: number;
  html: string;
  /** A PNG. */
  screenshot: Buffer | null;
}

/** Prunes by file name. */
export interface DebugStore extends PrunableStore {
  /** Keeps a failed page. @throws TemporaryError `disk`; it is lost then, which must not fail the target. */
  save(page: FailedPage): Promise<void>;
}

const compress = promisify(gzip);
const debugPath = /^[\w-]+-\d+\.(html\.gz|png)$/;

/** Failed pages and their screenshots, for people; debugFiles names them. */
export function createDebugStore(dir: string): DebugStore {
  return {
    async save({ targetId, attempt, html, screenshot }) {
      const files = debugFiles(targetId, attempt);
      await writeWhole(dir, files.page, await compress(html));
      if (screenshot !== null) await writeWhole(dir, files.screenshot, screenshot);
    },
    async prune(limits) {
      const removed = await pruneFiles(dir, (path) => debugPath.test(path), limits);
      return {
        removed: removed.map(({ path }) => path),
        freedBytes: removed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      };
    },
  };
}
