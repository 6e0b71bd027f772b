import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "@pricefleet/contracts";
import type { Logger } from "@pricefleet/logging";
import { CookieJar } from "tough-cookie";
import { z } from "zod";
import { createIdentity, defaultPreferences, type Identity, type Preferences } from "./identity.ts";
import { cookiesOf, fillJar, mergeStates, type StorageState, storageState } from "./storage-state.ts";

/** What one host knows us by: who we are and what it has given us to keep. */
export interface HostProfile {
  readonly host: string;
  readonly identity: Identity;
  readonly jar: CookieJar;
  /** Says that the jar has changed, so that it is saved soon. */
  changed(): void;
  /** What a new browser context of this host starts with. */
  state(): StorageState;
  /** Takes over what the browser has now. */
  adopt(state: StorageState): void;
}

export interface HostProfiles {
  /** The host's profile, with what other processes have saved since. */
  get(host: string): Promise<HostProfile>;
  /** Saves what is not saved. */
  close(): Promise<void>;
}

interface ProfilesOptions {
  /** Folder shared by all workers; null keeps profiles in memory only. */
  dir: string | null;
  /** Of the installed Chromium; null if there is none. */
  chromiumMajor: Promise<number | null>;
  logger: Logger;
}

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
type ProfileFile = z.infer<typeof profileFile>;

const SAVE_DELAY_MS = 2_000;
/** A crawl of single product pages meets thousands of hosts; the ones met longest ago are put away. */
const PROFILES_IN_MEMORY = 500;
const emptyState: StorageState = { cookies: [], origins: [] };

export function createHostProfiles({ dir, chromiumMajor, logger }: ProfilesOptions): HostProfiles {
  const open = new Map<string, Promise<OpenProfile>>();

  async function load(host: string): Promise<OpenProfile> {
    const file = dir === null ? null : join(dir, `${encodeURIComponent(host)}.json`);
    const saved = file === null ? null : await readProfile(file, logger);
    const identity = createIdentity(await chromiumMajor, preferencesOf(saved));
    const profile = openProfile(host, identity, file, logger);
    await profile.refresh();
    return profile;
  }

  return {
    async get(host) {
      const known = open.get(host);
      const profile = await (known ?? remember(host));
      if (known !== undefined) await profile.refresh();
      return profile;
    },
    async close() {
      const profiles = await Promise.all(open.values());
      await Promise.all(profiles.map((profile) => profile.close()));
      open.clear();
    },
  };

  async function remember(host: string): Promise<OpenProfile> {
    const loading = load(host);
    open.set(host, loading);
    const oldest = open.entries().next().value;
    if (open.size > PROFILES_IN_MEMORY && oldest !== undefined) {
      open.delete(oldest[0]);
      await (await oldest[1]).close();
    }
    return loading;
  }
}

interface OpenProfile extends HostProfile {
  refresh(): Promise<void>;
  close(): Promise<void>;
}

function openProfile(host: string, identity: Identity, file: string | null, logger: Logger): OpenProfile {
  const jar = new CookieJar(undefined, { looseMode: true });
  let origins: StorageState["origins"] = [];
  /** What the file held when we last looked, the base of the three-way merge. */
  let base = emptyState;
  let seenVersion: string | null = null;
  let saveTimer: NodeJS.Timeout | null = null;

  const state = (): StorageState => ({ cookies: cookiesOf(jar), origins });

  /** Merges what others have written since. */
  async function takeTheirs(path: string): Promise<void> {
    const version = await versionOf(path);
    if (version === null || version === seenVersion) return;
    const saved = await readProfile(path, logger);
    if (saved === null) return;
    const merged = mergeStates(base, state(), saved.storageState);
    fillJar(jar, merged.cookies);
    ({ origins } = merged);
    base = saved.storageState;
    seenVersion = version;
  }

  async function save(path: string): Promise<void> {
    try {
      await takeTheirs(path);
      const current = state();
      await writeProfile(path, { identity, storageState: current });
      base = current;
      seenVersion = await versionOf(path);
    } catch (error) {
      // The session goes on in memory; the next change tries again.
      logger.warn("a host profile could not be saved", { host, file: path, error: messageOf(error) });
    }
  }

  function changed(): void {
    if (file === null || saveTimer !== null) return;
    saveTimer = setTimeout(() => {
      saveTimer = null;
      void save(file);
    }, SAVE_DELAY_MS);
    saveTimer.unref();
  }

  return {
    host,
    identity,
    jar,
    changed,
    state,
    adopt(adopted) {
      const before = JSON.stringify(state());
      fillJar(jar, adopted.cookies);
      ({ origins } = adopted);
      if (JSON.stringify(state()) !== before) changed();
    },
    async refresh() {
      if (file === null) return;
      try {
        await takeTheirs(file);
      } catch (error) {
        logger.warn("a host profile could not be read", { host, file, error: messageOf(error) });
      }
    },
    async close() {
      if (file === null || saveTimer === null) return;
      clearTimeout(saveTimer);
      saveTimer = null;
      await save(file);
    },
  };
}

/** Null if there is none. A damaged file is set aside: losing cookies costs a few requests, stopping costs the run. */
async function readProfile(file: string, logger: Logger): Promise<ProfileFile | null> {
  try {
    return profileFile.parse(JSON.parse(await readFile(file, "utf8")));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    const setAside = `${file}.damaged`;
    logger.warn("a host profile cannot be read and is set aside", {
      file,
      set_aside: setAside,
      error: messageOf(error),
    });
    await rename(file, setAside).catch((renaming: unknown) =>
      logger.warn("a damaged host profile could not be set aside", { file, error: messageOf(renaming) }),
    );
    return null;
  }
}

/** A reader sees the old file or the new one, never a half: rename is atomic within a folder. */
async function writeProfile(file: string, content: ProfileFile): Promise<void> {
  const temporary = `${file}.${process.pid}.${crypto.randomUUID()}.tmp`;
  await mkdir(join(file, ".."), { recursive: true });
  // Cookies are credentials: for the owner's eyes only.
  await writeFile(temporary, JSON.stringify(content), { mode: 0o600 });
  await rename(temporary, file);
}

/** Changes with every rename onto the file; null if there is none. */
async function versionOf(file: string): Promise<string | null> {
  try {
    const { ino, mtimeMs, size } = await stat(file);
    return `${ino} ${mtimeMs} ${size}`;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && "code" in error ? String(error.code) : null;
}

function preferencesOf(saved: ProfileFile | null): Preferences {
  if (saved === null) return defaultPreferences;
  const { languages, timeZone, viewport } = saved.identity;
  return { languages, timeZone, viewport };
}
