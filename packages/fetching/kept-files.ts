import { randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { messageOf, TemporaryError } from "@pricefleet/contracts";

export interface PruneLimits {
  olderThanDays: number;
  /** Of all files together; the oldest go first. */
  maxBytes: number;
}

/** What both stores have in common: they fill up, and are emptied by age and size. */
export interface PrunableStore {
  /** @returns what is gone, by the names the store gave it. @throws TemporaryError `disk`. */
  prune(limits: PruneLimits): Promise<{ removed: string[]; freedBytes: number }>;
}

interface KeptFile {
  /** Relative to the folder. */
  path: string;
  sizeBytes: number;
  modifiedMs: number;
}

/** What a full or forbidden disk says; another try may find it with room again. */
const diskFaults = new Set([
  "ENOSPC",
  "EDQUOT",
  "EACCES",
  "EPERM",
  "EROFS",
  "EIO",
  "ENOTDIR",
  "EMFILE",
  "ENFILE",
]);
const DAY_MS = 86_400_000;
/** Longer than any write takes: what is left of a process that was killed while writing. */
const ABANDONED_MS = 3_600_000;

/**
 * Writes a file whole or not at all: a reader never sees a half.
 * @throws TemporaryError `disk` naming the folder.
 */
export async function writeWhole(dir: string, path: string, content: Buffer): Promise<void> {
  const file = join(dir, path);
  const temporary = `${file}.${randomUUID()}.tmp`;
  await onDisk(dir, async () => {
    await mkdir(dirname(file), { recursive: true });
    try {
      await writeFile(temporary, content);
      await rename(temporary, file);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  });
}

/** Runs work on a folder's files, and says what the disk refuses in words that name the folder. */
export async function onDisk<T>(dir: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (!diskFaults.has(code)) throw error;
    throw new TemporaryError("disk", `The folder ${dir} cannot be used: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/**
 * Removes files that are too old, then the oldest until the rest fits. Files with other names than `isKept` knows
 * are nobody's business, but for what a killed process left half written.
 * @returns the files that are gone. @throws TemporaryError `disk`.
 */
export async function pruneFiles(
  dir: string,
  isKept: (path: string) => boolean,
  { olderThanDays, maxBytes }: PruneLimits,
): Promise<KeptFile[]> {
  return onDisk(dir, async () => {
    const nowMs = Date.now();
    const all = await filesOf(dir);
    const abandoned = all.filter(
      ({ path, modifiedMs }) => path.endsWith(".tmp") && nowMs - modifiedMs > ABANDONED_MS,
    );
    for (const { path } of abandoned) await rm(join(dir, path), { force: true });

    const newestFirst = all
      .filter(({ path }) => isKept(path))
      .toSorted((one, other) => other.modifiedMs - one.modifiedMs);
    let keptBytes = 0;
    const doomed = newestFirst.filter(({ sizeBytes, modifiedMs }) => {
      const fits = nowMs - modifiedMs <= olderThanDays * DAY_MS && keptBytes + sizeBytes <= maxBytes;
      // From the first that does not fit, no older one is kept in its place.
      keptBytes = fits ? keptBytes + sizeBytes : Infinity;
      return !fits;
    });
    for (const { path } of doomed) await rm(join(dir, path), { force: true });
    return doomed;
  });
}

async function filesOf(dir: string): Promise<KeptFile[]> {
  const entries = await unlessMissing(readdir(dir, { recursive: true, withFileTypes: true }));
  const files: KeptFile[] = [];
  for (const entry of entries ?? []) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    // Another process may prune the same folder.
    const stats = await unlessMissing(stat(file));
    if (stats === null) continue;
    files.push({
      path: file.slice(join(dir, "/").length),
      sizeBytes: stats.size,
      modifiedMs: stats.mtimeMs,
    });
  }
  return files;
}

/** Null where there is no such file or folder. */
export async function unlessMissing<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}
