import { join } from "node:path";
import { messageOf } from "@pricefleet/contracts";
import type { Logger } from "@pricefleet/logging";
import { CookieJar } from "tough-cookie";
import { createIdentity, defaultPreferences, type Identity, type Preferences } from "./identity.ts";
import { type ProfileFile, readProfile, versionOf, whileLocked, writeProfile } from "./profile-file.ts";
import { cookiesOf, fillJar, mergeStates, type StorageState } from "./storage-state.ts";

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

/** Reading and saving never fail a fetch: without its file a profile goes on in memory, and a warning says so. */
interface OpenProfile extends HostProfile {
  /** Takes in what others have saved. */
  refresh(): Promise<void>;
  close(): Promise<void>;
}

const SAVE_DELAY_MS = 2_000;
/** A crawl of single product pages meets thousands of hosts; the ones met longest ago are put away. */
const PROFILES_IN_MEMORY = 500;

export function createHostProfiles({ dir, chromiumMajor, logger }: ProfilesOptions): HostProfiles {
  const known = new Map<string, Promise<OpenProfile>>();

  async function open(host: string): Promise<OpenProfile> {
    const file = dir === null ? null : join(dir, `${encodeURIComponent(host)}.json`);
    const preferences = file === null ? defaultPreferences : await preferencesIn(file, logger);
    return openProfile(host, createIdentity(await chromiumMajor, preferences), file, logger);
  }

  async function forgetOldest(): Promise<void> {
    const oldest = known.entries().next().value;
    if (known.size <= PROFILES_IN_MEMORY || oldest === undefined) return;
    known.delete(oldest[0]);
    await (await oldest[1]).close();
  }

  return {
    async get(host) {
      const opening = known.get(host) ?? open(host);
      // The one met last goes to the end.
      known.delete(host);
      known.set(host, opening);
      await forgetOldest();
      const profile = await opening;
      await profile.refresh();
      return profile;
    },
    async close() {
      const profiles = await Promise.all(known.values());
      known.clear();
      await Promise.all(profiles.map((profile) => profile.close()));
    },
  };
}

function openProfile(host: string, identity: Identity, file: string | null, logger: Logger): OpenProfile {
  const jar = new CookieJar(undefined, { looseMode: true });
  let origins: StorageState["origins"] = [];
  /** What the file held when we last looked, the base of the three-way merge. */
  let base: StorageState = { cookies: [], origins: [] };
  let seenVersion: string | null = null;
  let saveTimer: NodeJS.Timeout | null = null;
  let saving: Promise<void> = Promise.resolve();

  const state = (): StorageState => ({ cookies: cookiesOf(jar), origins });

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
    await whileLocked(path, async () => {
      await takeTheirs(path);
      const current = state();
      await writeProfile(path, { identity, storageState: current });
      base = current;
      seenVersion = await versionOf(path);
    });
  }

  async function warned(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      logger.warn("a host profile could not be kept in step with its file", {
        host,
        file,
        error: messageOf(error),
      });
    }
  }

  function changed(): void {
    if (file === null || saveTimer !== null) return;
    saveTimer = setTimeout(() => {
      saveTimer = null;
      saving = warned(save(file));
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
      if (file !== null) await warned(takeTheirs(file));
    },
    async close() {
      await saving;
      if (file === null || saveTimer === null) return;
      clearTimeout(saveTimer);
      saveTimer = null;
      await warned(save(file));
    },
  };
}

/** Who looks the same, and is not known to the host. It is forgotten after its page. */
export function strangerLike({ host, identity }: HostProfile): HostProfile {
  return {
    host,
    identity,
    jar: new CookieJar(undefined, { looseMode: true }),
    changed: () => undefined,
    state: () => ({ cookies: [], origins: [] }),
    adopt: () => undefined,
  };
}

/** A host keeps its languages, time zone and viewport for ever; the rest follows the Chromium that is installed. */
async function preferencesIn(file: string, logger: Logger): Promise<Preferences> {
  let saved: ProfileFile | null = null;
  try {
    saved = await readProfile(file, logger);
  } catch (error) {
    logger.warn("a host profile could not be read", { file, error: messageOf(error) });
  }
  if (saved === null) return defaultPreferences;
  const { languages, timeZone, viewport } = saved.identity;
  return { languages, timeZone, viewport };
}
