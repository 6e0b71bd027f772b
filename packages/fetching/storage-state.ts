import { Cookie, type CookieJar } from "tough-cookie";
import { z } from "zod";

/** Playwright's storageState, which a person can also export from another tool and put in place. */
export const storageState = z.object({
  cookies: z.array(
    z.object({
      name: z.string(),
      value: z.string(),
      /** With a leading dot for a cookie of the whole domain. */
      domain: z.string(),
      path: z.string(),
      /** Unix time in seconds; -1 for a cookie of this session. */
      expires: z.number(),
      httpOnly: z.boolean(),
      secure: z.boolean(),
      sameSite: z.enum(["Strict", "Lax", "None"]),
    }),
  ),
  origins: z.array(
    z.object({
      origin: z.string(),
      localStorage: z.array(z.object({ name: z.string(), value: z.string() })),
    }),
  ),
});
export type StorageState = z.infer<typeof storageState>;
type StoredCookie = StorageState["cookies"][number];

/** The cookies of a jar that have not expired. */
export function cookiesOf(jar: CookieJar): StoredCookie[] {
  return (jar.serializeSync()?.cookies ?? [])
    .map((fields) => Cookie.fromJSON(fields))
    .filter((cookie) => cookie !== undefined)
    .map((cookie) => ({
      name: cookie.key,
      value: cookie.value,
      domain: cookie.hostOnly === false ? `.${cookie.domain ?? ""}` : (cookie.domain ?? ""),
      path: cookie.path ?? "/",
      expires: expiryOf(cookie),
      httpOnly: cookie.httpOnly,
      secure: cookie.secure,
      sameSite: sameSiteOf(cookie.sameSite),
    }))
    .filter((cookie) => cookie.expires === -1 || cookie.expires * 1000 > Date.now());
}

/** Makes the jar hold these cookies and no others. */
export function fillJar(jar: CookieJar, cookies: readonly StoredCookie[]): void {
  // In one breath, so that no request in between sees half a jar.
  jar.removeAllCookiesSync();
  for (const { name, value, domain, path, expires, httpOnly, secure, sameSite } of cookies) {
    const host = domain.replace(/^\./, "");
    const cookie = new Cookie({
      key: name,
      value,
      domain: host,
      hostOnly: !domain.startsWith("."),
      path,
      expires: expires === -1 ? "Infinity" : new Date(expires * 1000),
      httpOnly,
      secure,
      sameSite: sameSite.toLowerCase(),
    });
    // A host-only cookie says so by naming no domain.
    if (!domain.startsWith(".")) cookie.domain = null;
    jar.setCookieSync(cookie, `${secure ? "https" : "http"}://${host}${path}`, { ignoreError: true });
  }
}

/**
 * Three ways: what we changed since `base` is ours, all else is theirs. So two processes that each learn a cookie
 * both keep it, and a cookie that one of them deleted stays deleted.
 */
export function mergeStates(base: StorageState, ours: StorageState, theirs: StorageState): StorageState {
  return {
    cookies: mergeLists(
      [base.cookies, ours.cookies, theirs.cookies],
      ({ name, domain, path }) => `${name};${domain};${path}`,
    ),
    origins: mergeLists([base.origins, ours.origins, theirs.origins], ({ origin }) => origin),
  };
}

function mergeLists<Entry>(
  lists: readonly [base: Entry[], ours: Entry[], theirs: Entry[]],
  keyOf: (entry: Entry) => string,
): Entry[] {
  const [base, ours, theirs] = lists.map((list) => new Map(list.map((entry) => [keyOf(entry), entry])));
  const keys = new Set(lists.flat().map(keyOf));
  return [...keys].flatMap((key) => {
    const ourEntry = ours?.get(key);
    const weChangedIt = JSON.stringify(ourEntry) !== JSON.stringify(base?.get(key));
    const entry = weChangedIt ? ourEntry : theirs?.get(key);
    return entry === undefined ? [] : [entry];
  });
}

function expiryOf(cookie: Cookie): number {
  const expiryMs = cookie.expiryTime();
  if (expiryMs === undefined || expiryMs === Infinity) return -1;
  // Max-Age=0, by which a site deletes a cookie, is minus infinity here.
  return Math.max(0, Math.floor(expiryMs / 1000));
}

/** Without SameSite browsers take Lax. */
function sameSiteOf(sameSite: string | undefined): StoredCookie["sameSite"] {
  if (sameSite === "strict") return "Strict";
  return sameSite === "none" ? "None" : "Lax";
}
