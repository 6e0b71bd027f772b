import { randomUUID } from "node:crypto";
import { mkdir, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "@pricefleet/contracts";
import type { Logger } from "@pricefleet/logging";
import { z } from "zod";
import { unlessMissing } from "./kept-files.ts";
import { storageState } from "./storage-state.ts";

const profileFile = z.object({
  identity: z.object({
    userAgent: z.string(),
    brands: z.array(z.object({ brand: z.string(), version: z.string() })),
    platform: z.string(),
    languages: z.array(z.string()).min(1),
    timeZone: z.string(),
    viewport: z.object({ width: z.number().int().positive(), height: z.number().int().positive() }),
  }),
  storageState,
});
/** What PROFILE_DIR keeps of one host; a person may edit it. */
export type ProfileFile = z.infer<typeof profileFile>;

const LOCK_POLL_MS = 25;
/** A lock lasts as long as one read and one write; an older one was left by a process that was killed. */
const ABANDONED_LOCK_MS = 10_000;

/** Null if there is none. A damaged file is set aside: losing cookies costs a few requests, stopping costs the run. */
export async function readProfile(file: string, logger: Logger): Promise<ProfileFile | null> {
  const text = await unlessMissing(readFile(file, "utf8"));
  if (text === null) return null;
  try {
    return profileFile.parse(JSON.parse(text));
  } catch (error) {
    const setAside = `${file}.damaged`;
    logger.warn("a host profile cannot be read and is set aside", {
      file,
      set_aside: setAside,
      error: messageOf(error),
    });
    await unlessMissing(rename(file, setAside));
    return null;
  }
}

/** A reader sees the old file or the new one, never a half: rename is atomic within a folder. */
export async function writeProfile(file: string, content: ProfileFile): Promise<void> {
  const temporary = `${file}.${randomUUID()}.tmp`;
  try {
    // Cookies are credentials: for the owner's eyes only.
    await writeFile(temporary, JSON.stringify(content), { mode: 0o600 });
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Changes with every rename onto the file; null if there is none. */
export async function versionOf(file: string): Promise<string | null> {
  const stats = await unlessMissing(stat(file));
  return stats === null ? null : `${stats.ino} ${stats.mtimeMs} ${stats.size}`;
}

/** Runs work while no other process that asks for the same lock runs its own. */
export async function whileLocked<T>(file: string, work: () => Promise<T>): Promise<T> {
  const lock = `${file}.lock`;
  await mkdir(dirname(file), { recursive: true });
  while (!(await isTaken(lock))) {
    const stats = await unlessMissing(stat(lock));
    if (stats !== null && Date.now() - stats.mtimeMs > ABANDONED_LOCK_MS) await rm(lock, { force: true });
    await sleep(LOCK_POLL_MS * (1 + Math.random()));
  }
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}

async function isTaken(lock: string): Promise<boolean> {
  try {
    await (await open(lock, "wx")).close();
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}
