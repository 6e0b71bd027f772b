import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createHostProfiles } from "./host-profiles.ts";
import { listeningLogger } from "./test-support/local-site.ts";

const site = "https://shop.example/";
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "host-profiles-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

function openProfiles(major: number | null = 156, folder: string | null = dir) {
  const { logger, lines } = listeningLogger();
  return {
    lines,
    ...createHostProfiles({ dir: folder, chromiumMajor: Promise.resolve(major), logger }),
  };
}

async function learn(cookie: string): Promise<void> {
  const profiles = openProfiles();
  const profile = await profiles.get("shop.example");
  await profile.jar.setCookie(cookie, site);
  profile.changed();
  await profiles.close();
}

describe("a host's profile", () => {
  it("is the same for the next process: cookies, localStorage, user agent, hints, languages, zone, viewport", async () => {
    const first = openProfiles();
    const before = await first.get("shop.example");
    before.adopt({
      cookies: [
        {
          name: "session",
          value: "1",
          domain: ".shop.example",
          path: "/",
          expires: -1,
          httpOnly: true,
          secure: true,
          sameSite: "None",
        },
      ],
      origins: [{ origin: "https://shop.example", localStorage: [{ name: "consent", value: "yes" }] }],
    });
    const { identity } = before;
    const state = before.state();
    await first.close();

    const after = await openProfiles().get("shop.example");
    expect(after.identity).toEqual(identity);
    expect(after.state()).toEqual(state);
    expect(await after.jar.getCookieString("https://www.shop.example/")).toBe("session=1");
  });

  it("keeps what a person put into its file, and follows the Chromium that is installed", async () => {
    await learn("a=1");
    const file = join(dir, "shop.example.json");
    const saved = JSON.parse(await readFile(file, "utf8")) as { identity: Record<string, unknown> };
    Object.assign(saved.identity, { languages: ["de-DE", "de"], timeZone: "Europe/Berlin" });
    await writeFile(file, JSON.stringify(saved));
    const { identity } = await openProfiles(157).get("shop.example");
    expect(identity).toMatchObject({ languages: ["de-DE", "de"], timeZone: "Europe/Berlin" });
    expect(identity.userAgent).toContain("Chrome/157.");
  });

  it("that another process has changed is seen at the next fetch, and nobody's cookies are lost", async () => {
    const ours = openProfiles();
    const profile = await ours.get("shop.example");
    await profile.jar.setCookie("ours=1", site);
    profile.changed();
    await learn("theirs=1");
    await ours.get("shop.example");
    expect(await profile.jar.getCookieString(site)).toMatch(/ours=1.*theirs=1|theirs=1.*ours=1/);
    await ours.close();
    const both = await openProfiles().get("shop.example");
    expect(both.state().cookies.map(({ name }) => name)).toEqual(expect.arrayContaining(["ours", "theirs"]));
  });

  it("loses a cookie that another process has deleted", async () => {
    await learn("session=1");
    const ours = await openProfiles().get("shop.example");
    expect(ours.state().cookies).toHaveLength(1);
    const profiles = openProfiles();
    await profiles.get("shop.example");
    await learn("session=; Max-Age=0");
    const again = await profiles.get("shop.example");
    expect(again.state().cookies).toEqual([]);
  });

  it("loses nothing and is never damaged when many processes learn at once", async () => {
    const script = join(import.meta.dirname, "test-support/learn-cookies.ts");
    const workers = ["a", "b", "c", "d"];
    const runs = workers.map((name) => promisify(execFile)(process.execPath, [script, dir, name, "15"]));
    for (const { stderr } of await Promise.all(runs)) expect(stderr).toBe("");
    const { cookies } = (await openProfiles().get("shop.example")).state();
    expect(cookies).toHaveLength(60);
    expect(await readdir(dir)).toEqual(["shop.example.json"]);
  });

  it.each(["{ half a file", '{"identity":{}}', ""])(
    "that is damaged is set aside with a warning: %s",
    async (text) => {
      await writeFile(join(dir, "shop.example.json"), text);
      const profiles = openProfiles();
      expect((await profiles.get("shop.example")).state().cookies).toEqual([]);
      expect(profiles.lines.join("")).toContain("set aside");
      expect(await readFile(join(dir, "shop.example.json.damaged"), "utf8")).toBe(text);
    },
  );

  it("in a folder that cannot be used goes on in memory with a warning", async () => {
    const file = join(dir, "a-file");
    await writeFile(file, "");
    const profiles = openProfiles(156, join(file, "below"));
    const profile = await profiles.get("shop.example");
    await profile.jar.setCookie("a=1", site);
    profile.changed();
    await profiles.close();
    expect(await profile.jar.getCookieString(site)).toBe("a=1");
    expect(profiles.lines.join("")).toContain('"level":"warn"');
  });

  it("is not held up by the lock of a process that was killed", async () => {
    const lock = join(dir, "shop.example.json.lock");
    await writeFile(lock, "");
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(lock, longAgo, longAgo);
    await learn("a=1");
    expect(await readdir(dir)).toEqual(["shop.example.json"]);
  });

  it("is for the owner's eyes only, and its name cannot leave the folder", async () => {
    const profiles = openProfiles();
    const profile = await profiles.get("../[::1]:80");
    profile.changed();
    await profiles.close();
    const [name] = await readdir(dir);
    expect(name).toBe("..%2F%5B%3A%3A1%5D%3A80.json");
    expect((await stat(join(dir, name ?? ""))).mode & 0o777).toBe(0o600);
  });
});
