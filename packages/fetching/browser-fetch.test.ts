// Long because all of it shares one Chromium and one site, which are dear to start.
import { readdirSync, readFileSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { openBrowserFetcher, type ReadState } from "./test-support/browser-fetcher.ts";
import { html, type LocalSite, openLocalSite } from "./test-support/local-site.ts";

const shell = '<div id="root"></div><script src="/app.js"></script>';
const filledWhen: ReadState = (text) => (text.includes("349.00") ? "ok" : "changed");
const program =
  "setTimeout(() => { document.getElementById('root').textContent = 'ThinkPad 349.00 EUR'; }, 300);";

let site: LocalSite;
let web: ReturnType<typeof openBrowserFetcher>;

beforeAll(async () => {
  site = await openLocalSite({
    "/static": html("<p>ThinkPad 349.00 EUR</p>"),
    "/shell": html(shell),
    "/app.js": (_request, response) =>
      response
        .writeHead(200, { "content-type": "text/javascript", "cache-control": "max-age=600" })
        .end(program),
    "/never": html('<p>A layout nobody knows</p><script>document.title = "x"</script>'),
    "/wall": html("<h1>Checking your browser</h1>", {}, 403),
    "/challenge": (request, response) => {
      const passed = request.headers.cookie?.includes("passed=1") ?? false;
      response.writeHead(passed ? 200 : 403, { "content-type": "text/html" });
      response.end(
        passed
          ? "<p>ThinkPad 349.00 EUR</p>"
          : "<h1>Just a moment</h1><script>setTimeout(() => { document.cookie = 'passed=1; path=/'; location.reload(); }, 200)</script>",
      );
    },
    "/rich": html(
      '<p>349.00</p><img src="/picture"><link rel="stylesheet" href="/style.css"><style>@font-face{font-family:f;src:url(/font)} p{font-family:f}</style><video src="/film" autoplay></video><script>navigator.sendBeacon("/beacon"); fetch("/data").then(() => { document.title = "done" })</script>',
    ),
    "/data": html("{}"),
    "/style.css": (_request, response) => response.writeHead(200, { "content-type": "text/css" }).end("p{}"),
    "/who": html(
      "<p id=w></p><script>document.getElementById('w').textContent = JSON.stringify({ ua: navigator.userAgent, languages: navigator.languages, zone: Intl.DateTimeFormat().resolvedOptions().timeZone, locale: Intl.NumberFormat().resolvedOptions().locale, width: innerWidth, webdriver: navigator.webdriver })</script>",
    ),
    "/429": html("wait", { "retry-after": "30" }, 429),
    "/500": html("oops", {}, 500),
    "/pdf": (_request, response) =>
      response.writeHead(200, { "content-type": "application/pdf" }).end("%PDF-1.4"),
    "/zip": (_request, response) => response.writeHead(200, { "content-type": "application/zip" }).end("PK"),
    "/truncated": (_request, response) => {
      response.writeHead(200, { "content-type": "text/html", "content-length": "100000" });
      response.write("<p>half");
      setTimeout(() => response.destroy(), 100);
    },
    "/large": html("x".repeat(9 * 1024 * 1024)),
    "/loop": (_request, response) => response.writeHead(302, { location: "/loop" }).end(),
    "/to-file": (_request, response) => response.writeHead(302, { location: "file:///etc/passwd" }).end(),
    "/hang": () => undefined,
    "/busy": html("<p>busy</p><script>for (;;) {}</script>"),
    "/login-cookie": html("<p>set</p>", { "set-cookie": "from=http; Path=/" }),
    "/cookies": (request, response) => {
      response.writeHead(200, { "content-type": "text/html", "set-cookie": "from-browser=yes; Path=/" });
      response.end(`<p>${request.headers.cookie ?? "none"}</p>`);
    },
  });
  web = openBrowserFetcher();
});

afterAll(async () => {
  await web[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});

describe("in mode auto", () => {
  it("a page that HTTP answers well is never rendered", async () => {
    const { page, learnedMode } = await web.fetch(`${site.base}/static`, { mode: "auto", state: filledWhen });
    expect([page.fetchedBy, learnedMode]).toEqual(["http", "http"]);
  });

  it("a shell is rendered until its scripts have filled it, and its host is remembered for the browser", async () => {
    const { page, reading, learnedMode } = await web.fetch(`${site.base}/shell`, {
      mode: "auto",
      state: filledWhen,
    });
    expect([page.fetchedBy, reading.state, learnedMode]).toEqual(["browser", "ok", "browser"]);
    expect(page.html).toContain("ThinkPad 349.00 EUR");
  });

  it("an empty result that is only a shell is rendered too", async () => {
    const { page } = await web.fetch(`${site.base}/shell`, {
      mode: "auto",
      state: (text) => (text.includes("349.00") ? "ok" : "empty"),
    });
    expect(page.fetchedBy).toBe("browser");
  });

  it("a host known to need the browser is not asked over HTTP first", async () => {
    const before = site.requests.length;
    const { page } = await web.fetch(`${site.base}/static`, { mode: "auto", rememberedMode: "browser" });
    expect(page.fetchedBy).toBe("browser");
    expect(site.pathsAsked().slice(before)).toEqual(["/static"]);
  });

  it("a challenge is passed, and the page behind it is what counts", async () => {
    const { page, reading, learnedMode } = await web.fetch(`${site.base}/challenge`, {
      mode: "auto",
      state: (text, status) => (status === 403 ? "blocked" : filledWhen(text, status)),
    });
    expect([page.status, reading.state, learnedMode]).toEqual([200, "ok", "browser"]);
  });

  it("what the browser reads no better teaches nothing, and comes with a screenshot", async () => {
    const { page, reading, learnedMode } = await web.fetch(`${site.base}/never`, {
      mode: "auto",
      state: () => "changed",
    });
    expect([page.fetchedBy, reading.state, learnedMode]).toEqual(["browser", "changed", "http"]);
    expect(page.screenshot?.subarray(1, 4).toString()).toBe("PNG");
  });

  it("without a Chromium is HTTP alone", async () => {
    await using plain = openBrowserFetcher({ chromiumPath: null });
    const { page } = await plain.fetch(`${site.base}/shell`, {
      mode: "auto",
      rememberedMode: "browser",
      state: filledWhen,
    });
    expect(page.fetchedBy).toBe("http");
    await expect(plain.fetch(`${site.base}/shell`)).rejects.toMatchObject({ reason: "no-browser" });
  });
});

describe("in the browser", () => {
  it("images, fonts, media, beacons and trackers are not loaded; scripts, styles and data are", async () => {
    const before = site.requests.length;
    const { page } = await web.fetch(`${site.base}/rich`, {
      state: (text) => (text.includes("<title>done") ? "ok" : "changed"),
    });
    expect(page.html).toContain("<title>done");
    expect(new Set(site.pathsAsked().slice(before))).toEqual(new Set(["/rich", "/style.css", "/data"]));
  });

  it("a cacheable script is fetched once for all pages of a host", async () => {
    await using fresh = openBrowserFetcher();
    const before = site.requests.length;
    for (let page = 0; page < 3; page += 1) await fresh.fetch(`${site.base}/shell`, { state: filledWhen });
    const scripts = site
      .pathsAsked()
      .slice(before)
      .filter((path) => path === "/app.js");
    expect(scripts).toHaveLength(1);
  });

  it("a host sees the same visitor as over HTTP", async () => {
    const before = site.requests.length;
    await web.fetch(`${site.base}/who`, { mode: "http" });
    const { page } = await web.fetch(`${site.base}/who`);
    const [overHttp, byBrowser] = site.requests.slice(before).map(({ headers }) => headers);
    const ofIdentity = (headers: IncomingHttpHeaders | undefined) =>
      Object.fromEntries(
        Object.entries(headers ?? {}).filter(([name]) => /^(user-agent|sec-|accept|upgrade-)/.test(name)),
      );
    expect(ofIdentity(overHttp)).toEqual(ofIdentity(byBrowser));
    const seen = JSON.parse(/<p id="w">(.*?)<\/p>/.exec(page.html)?.[1] ?? "{}") as Record<string, unknown>;
    expect(seen).toMatchObject({
      ua: byBrowser?.["user-agent"],
      languages: ["en-US", "en"],
      zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      locale: "en-US",
      width: 1366,
    });
    expect(JSON.stringify([seen, byBrowser])).not.toContain("Headless");
  });

  it("cookies go both ways between HTTP and browser", async () => {
    await web.fetch(`${site.base}/login-cookie`, { mode: "http" });
    expect((await web.fetch(`${site.base}/cookies`)).page.html).toContain("from=http");
    expect((await web.fetch(`${site.base}/cookies`, { mode: "http" })).page.html).toContain(
      "from-browser=yes",
    );
  });

  it.each([
    ["/429", { errorClass: "rate-limited", retryAfterMs: 30_000 }],
    ["/500", { errorClass: "temporary", reason: "server-error" }],
    ["/pdf", { errorClass: "permanent", reason: "not-a-page" }],
    ["/zip", { errorClass: "permanent", reason: "not-a-page" }],
    ["/truncated", { errorClass: "temporary", reason: "truncated" }],
    ["/large", { errorClass: "permanent", reason: "too-large" }],
    ["/loop", { errorClass: "permanent", reason: "too-many-redirects" }],
    ["/to-file", { errorClass: "permanent", reason: "not-http" }],
  ])("%s fails as it does over HTTP", async (path, failure) => {
    await expect(web.fetch(site.base + path, { mode: "http" })).rejects.toMatchObject(failure);
    await expect(web.fetch(site.base + path)).rejects.toMatchObject(failure);
  });

  it("a refused connection and an unknown name are worth another try", async () => {
    for (const url of ["http://127.0.0.1:1/", "http://nowhere.invalid/"]) {
      await expect(web.fetch(url)).rejects.toMatchObject({ errorClass: "temporary", reason: "network" });
    }
  });

  it.each(["/hang", "/busy"])("%s is given up in time, and the next page comes", async (path) => {
    await using hasty = openBrowserFetcher({ timeouts: { browserTotalMs: 2_000 } });
    await expect(hasty.fetch(site.base + path)).rejects.toMatchObject({
      errorClass: "temporary",
      reason: "timeout",
    });
    expect((await hasty.fetch(`${site.base}/static`)).page.html).toContain("349.00");
  });

  it("a fetch that is stopped ends with the reason", async () => {
    const stopping = new AbortController();
    const fetching = web.fetch(`${site.base}/hang`, { signal: stopping.signal });
    await vi.waitFor(() => expect(site.pathsAsked().at(-1)).toBe("/hang"));
    stopping.abort(new Error("the lease is lost"));
    await expect(fetching).rejects.toThrow("the lease is lost");
  });

  it("a context serves its pages and makes room for a fresh one, which keeps the session", async () => {
    await using fresh = openBrowserFetcher({ browserPagesPerContext: 2 });
    await fresh.fetch(`${site.base}/cookies`);
    for (let page = 0; page < 4; page += 1) {
      expect((await fresh.fetch(`${site.base}/cookies`)).page.html).toContain("from-browser=yes");
    }
  });

  it("a stranger comes in a context of its own: nothing of the host's session goes in or comes out", async () => {
    const url = `${site.base.replace("127.0.0.1", "localhost")}/cookies`;
    await using strangers = openBrowserFetcher({ allowedPrivateHosts: ["localhost"] });
    const asks = async (asStranger: boolean) => {
      const { page } = await strangers.fetch(url, { asStranger });
      return /<p>(.*?)<\/p>/.exec(page.html)?.[1];
    };
    expect(await asks(true)).toBe("none");
    expect(await asks(true)).toBe("none");
    expect(await asks(false)).toBe("none");
    expect(await asks(false)).toBe("from-browser=yes");
    expect(await asks(true)).toBe("none");
    expect(await asks(false)).toBe("from-browser=yes");
  });

  it("a host that has blocked a page gets a fresh context", async () => {
    await using fresh = openBrowserFetcher({ timeouts: { settleMs: 100 } });
    const before = site.requests.length;
    await fresh.fetch(`${site.base}/shell`);
    await fresh.fetch(`${site.base}/wall`, { state: () => "blocked" });
    await fresh.fetch(`${site.base}/shell`);
    const scripts = site
      .pathsAsked()
      .slice(before)
      .filter((path) => path === "/app.js");
    expect(scripts).toHaveLength(2);
  });

  it("a Chromium over its memory is started anew between two pages", async () => {
    await using tight = openBrowserFetcher({ browserMaxMemoryBytes: 1 });
    for (let page = 0; page < 11; page += 1) await tight.fetch(`${site.base}/static`);
    const starts = tight.lines.filter((line) => line.includes("Chromium started"));
    expect(starts).toHaveLength(2);
  });

  it("a crashed page is worth another try, which gets a new one", async () => {
    await expect(web.fetch(`${site.base}/hang-up`, { state: crashingRead() })).rejects.toMatchObject({
      errorClass: "temporary",
      reason: "browser-crashed",
    });
    expect((await web.fetch(`${site.base}/static`)).page.html).toContain("349.00");
  });

  it("a killed Chromium fails the page in hand, and the next fetch starts another", async () => {
    await using doomed = openBrowserFetcher();
    await doomed.fetch(`${site.base}/static`);
    const fetching = doomed.fetch(`${site.base}/hang`);
    const failure = fetching.catch((error: unknown) => error);
    await vi.waitFor(() => expect(site.pathsAsked().at(-1)).toBe("/hang"));
    for (const pid of chromiumsOf(process.pid, "browser").slice(-1)) process.kill(pid, "SIGKILL");
    expect(await failure).toMatchObject({ errorClass: "temporary", reason: "browser-crashed" });
    expect((await doomed.fetch(`${site.base}/static`)).page.html).toContain("349.00");
  });

  it("a Chromium that hangs is killed, and the next fetch starts another", { timeout: 60_000 }, async () => {
    await using frozen = openBrowserFetcher({ timeouts: { browserTotalMs: 5_000 } });
    await frozen.fetch(`${site.base}/static`);
    const [pid = 0] = chromiumsOf(process.pid, "browser").slice(-1);
    process.kill(pid, "SIGSTOP");
    await expect(frozen.fetch(`${site.base}/static`)).rejects.toMatchObject({ errorClass: "temporary" });
    await vi.waitFor(() => expect(chromiumsOf(process.pid, "browser")).not.toContain(pid), 5_000);
    expect((await frozen.fetch(`${site.base}/static`)).page.html).toContain("349.00");
  });
});

/** Kills the renderers while the page is being read. */
function crashingRead(): ReadState {
  return () => {
    for (const pid of chromiumsOf(process.pid, "renderer")) process.kill(pid, "SIGKILL");
    return "changed";
  };
}

/** Chromium processes below a process, oldest first, by what /proc says of them. */
function chromiumsOf(ancestor: number, type: "browser" | "renderer"): number[] {
  const processes = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "latin1");
        const [, parent, startedAt] = /\) \S (\d+) (?:\S+ ){17}(\d+)/.exec(stat) ?? [];
        const command = readFileSync(`/proc/${name}/cmdline`, "latin1");
        return [{ pid: Number(name), parent: Number(parent), startedAt: Number(startedAt), command }];
      } catch {
        // It has ended since the folder was listed.
        return [];
      }
    });
  const isBelow = (pid: number): boolean => {
    const parent = processes.find((one) => one.pid === pid)?.parent ?? 0;
    return parent === ancestor || (parent > 1 && isBelow(parent));
  };
  return (
    processes
      .filter(({ pid, command }) => isBelow(pid) && command.includes("chromium"))
      .filter(({ command }) =>
        type === "browser"
          ? !command.includes("--type=") &&
            command.includes("--remote-debugging-pipe") &&
            !command.startsWith("/bin/sh")
          : command.includes("--type=renderer"),
      )
      // Not by their numbers: the kernel begins again at the lowest free one.
      .toSorted((one, other) => one.startedAt - other.startedAt)
      .map(({ pid }) => pid)
  );
}
