import { createHash } from "node:crypto";
import { readFile, utimes } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { PermanentError } from "@pricefleet/contracts";
import { onDisk, pruneFiles, type PrunableStore, unlessMissing, writeWhole } from "./kept-files.ts";

export interface Snapshot {
  /** Of the page's text, in hexadecimal. */
  sha256: string;
  /** Below the store's folder: "ab/abcdef….html.gz". */
  path: string;
  /** Of the text before compression. */
  sizeBytes: number;
}

/** Prunes by sha256. */
export interface SnapshotStore extends PrunableStore {
  /** Keeps a page under its content's name; the same content again only renews its age. @throws TemporaryError `disk`. */
  save(html: string): Promise<Snapshot>;
  /** @throws PermanentError `no-snapshot` when it was pruned or never kept; TemporaryError `disk`. */
  read(sha256: string): Promise<string>;
}

const compress = promisify(gzip);
const decompress = promisify(gunzip);
const snapshotPath = /^[0-9a-f]{2}\/([0-9a-f]{64})\.html\.gz$/;

/** Pages as they came, gzipped, each named by its content. Several processes may share the folder. */
export function createSnapshotStore(dir: string): SnapshotStore {
  return {
    async save(html) {
      const content = Buffer.from(html);
      const sha256 = createHash("sha256").update(content).digest("hex");
      const path = pathOf(sha256);
      if (!(await isRenewed(dir, path))) await writeWhole(dir, path, await compress(content));
      return { sha256, path, sizeBytes: content.length };
    },
    async read(sha256) {
      const compressed = /^[0-9a-f]{64}$/.test(sha256)
        ? await onDisk(dir, () => unlessMissing(readFile(join(dir, pathOf(sha256)))))
        : null;
      if (compressed === null)
        throw new PermanentError("no-snapshot", `There is no page ${sha256} in ${dir}`);
      return (await decompress(compressed)).toString();
    },
    async prune(limits) {
      const removed = await pruneFiles(dir, (path) => snapshotPath.test(path), limits);
      return {
        removed: removed.map(({ path }) => snapshotPath.exec(path)?.[1] ?? path),
        freedBytes: removed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      };
    },
  };
}

function pathOf(sha256: string): string {
  return `${sha256.slice(0, 2)}/${sha256}.html.gz`;
}

/** A page seen again is as young as a new one, so that pruning by age spares it. False if it is not there. */
async function isRenewed(dir: string, path: string): Promise<boolean> {
  const now = new Date();
  const renewed = await onDisk(dir, () => unlessMissing(utimes(join(dir, path), now, now).then(() => true)));
  return renewed === true;
}
