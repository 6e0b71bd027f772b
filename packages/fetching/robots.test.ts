import type { RobotsAnswer, RobotsFile } from "@pricefleet/contracts";
import { createLogger } from "@pricefleet/logging";
import { describe, expect, it } from "vitest";
import { createFetcher } from "./fetcher.ts";
import { readRobotsRules } from "./robots-file.ts";
import { createRobotsGate } from "./robots-gate.ts";
import { html, openLocalSite } from "./test-support/local-site.ts";

const logger = createLogger({ service: "test", level: "error", format: "console" });

function openFetcher() {
  const fetcher = createFetcher({
    logger,
    profileDir: null,
    chromiumPath: null,
    allowedPrivateHosts: ["127.0.0.1"],
    proxyUrls: [],
    timeouts: { connectMs: 1_000, headersMs: 500 },
  });
  return { ...fetcher, [Symbol.asyncDispose]: () => fetcher.close() };
}

const text = (body: string, status = 200, headers: Record<string, string> = {}) =>
  html(body, { "content-type": "text/plain", ...headers }, status);

describe("what a site's answer about robots.txt says (RFC 9309)", () => {
  it.each([
    [200, { state: "found", body: "User-agent: *\nDisallow: /x", detail: null }],
    [404, { state: "absent", detail: "it answers 404" }],
    [403, { state: "absent" }],
    [500, { state: "unreachable", detail: "it answers 500" }],
    [503, { state: "unreachable" }],
  ])("%s", async (status, expected) => {
    await using site = await openLocalSite({ "/robots.txt": text("User-agent: *\nDisallow: /x", status) });
    await using fetcher = openFetcher();
    expect(await fetcher.fetchRobots(site.base)).toMatchObject(expected);
  });

  it("a redirect is followed, one in a circle is no file", async () => {
    await using site = await openLocalSite({
      "/robots.txt": text("", 301, { location: "/elsewhere" }),
      "/elsewhere": text("Disallow: /"),
    });
    await using circle = await openLocalSite({ "/robots.txt": text("", 302, { location: "/robots.txt" }) });
    await using fetcher = openFetcher();
    expect(await fetcher.fetchRobots(site.base)).toMatchObject({ state: "found", body: "Disallow: /" });
    expect(await fetcher.fetchRobots(circle.base)).toMatchObject({ state: "absent" });
  });

  it("of a file without end the first 500 KiB are read, and nothing is refused", async () => {
    await using site = await openLocalSite({ "/robots.txt": text("#".repeat(9 * 1024 * 1024)) });
    await using fetcher = openFetcher();
    expect((await fetcher.fetchRobots(site.base)).body).toHaveLength(500 * 1024);
  });

  it("a site that is not there is unreachable", async () => {
    await using fetcher = openFetcher();
    expect(await fetcher.fetchRobots("http://127.0.0.1:1")).toMatchObject({ state: "unreachable" });
  });

  it("a site that asks for patience is not asked for pages either", async () => {
    await using site = await openLocalSite({ "/robots.txt": text("", 429, { "retry-after": "7" }) });
    await using fetcher = openFetcher();
    await expect(fetcher.fetchRobots(site.base)).rejects.toMatchObject({ retryAfterMs: 7_000 });
  });
});

describe("the rules of a robots.txt", () => {
  const rulesOf = (body: string) => readRobotsRules("https://shop.example", body);
  const forbids = (body: string, path: string) =>
    rulesOf(body).forbids(new URL(path, "https://shop.example"));

  it("the rule that forbids is told with its line; the longest match decides, and allow wins a tie", () => {
    const body = "User-agent: *\nAllow: /sch/help\nDisallow: /sch/ # searches\nDisallow: /a$\nAllow: /a$";
    expect(forbids(body, "/sch/i.html?_nkw=x")).toEqual({
      lineNumber: 3,
      line: "Disallow: /sch/ # searches",
    });
    expect(forbids(body, "/sch/help/me")).toBeNull();
    expect(forbids(body, "/a")).toBeNull();
    expect(forbids(body, "/itm/1")).toBeNull();
  });

  it("a group for Pricefleet counts instead of the one for all; one for browsers or others does not", () => {
    const body =
      "User-agent: *\nDisallow: /\n\nUser-agent: pricefleet\nDisallow: /b\n\nUser-agent: Chrome\nAllow: /b";
    expect(forbids(body, "/a")).toBeNull();
    expect(forbids(body, "/b")).toMatchObject({ lineNumber: 5 });
  });

  it("robots.txt itself may always be read", () => {
    expect(forbids("User-agent: *\nDisallow: /", "/robots.txt")).toBeNull();
  });

  it.each([
    ["User-agent: *\nCrawl-delay: 2.5", 2_500],
    ["User-agent: *\nCrawl-delay: 99999999", 3_600_000],
    ["User-agent: *\nCrawl-delay: -3", null],
    ["User-agent: *\nCrawl-delay: soon", null],
    ["User-agent: other\nCrawl-delay: 9", null],
    ["<html>not found</html>", null],
    ["", null],
  ])("Crawl-delay of %j is %s ms", (body, expected) => {
    expect(rulesOf(body).crawlDelayMs).toBe(expected);
  });
});

describe("the gate in front of a host's pages", () => {
  const kept = (file: Partial<RobotsFile>): RobotsAnswer => ({
    is: "kept",
    file: { state: "found", body: null, detail: null, ...file },
    freshForMs: 60_000,
  });
  function gateWith(answer: RobotsAnswer, ignoredSources: string[] = []) {
    const asked: string[] = [];
    const gate = createRobotsGate({
      fetcher: { fetchRobots: () => Promise.reject(new Error("nobody asked for it")) },
      store: {
        take: (origin) => {
          asked.push(origin);
          return Promise.resolve(answer);
        },
        keep: () => Promise.resolve(),
        release: () => Promise.resolve(),
      },
      ignoredSources,
    });
    return { gate, asked };
  }
  const page = "https://shop.example/sch/1";

  it("a page that is forbidden is refused with the rule and the setting that ignores it", async () => {
    const { gate } = gateWith(kept({ body: "User-agent: *\nDisallow: /sch/" }));
    await expect(gate.look(page, "ebay")).rejects.toMatchObject({
      errorClass: "permanent",
      reason: "robots-disallowed",
      message:
        'https://shop.example/robots.txt forbids /sch/1: line 2, "Disallow: /sch/"; ROBOTS_IGNORE_SOURCES=ebay ignores it, which is yours to decide',
    });
  });

  it("a file out of reach forbids for now", async () => {
    const { gate } = gateWith(kept({ state: "unreachable", detail: "it answers 502" }));
    await expect(gate.look(page, "ebay")).rejects.toMatchObject({
      errorClass: "temporary",
      reason: "robots-unreachable",
    });
  });

  it("the operator's choice asks for no file at all", async () => {
    const { gate, asked } = gateWith(kept({ body: "User-agent: *\nDisallow: /" }), ["ebay"]);
    expect(await gate.look(page, "ebay")).toBe("allowed");
    expect(asked).toEqual([]);
    await expect(gate.look(page, "olx")).rejects.toMatchObject({ reason: "robots-disallowed" });
  });

  it("a file that is known is not asked for again with every page", async () => {
    const { gate, asked } = gateWith(kept({ state: "absent" }));
    for (let time = 0; time < 3; time++) expect(await gate.look(page, "ebay")).toBe("allowed");
    expect(asked).toEqual(["https://shop.example"]);
  });

  it("what is no address of a page is left to the fetch, which refuses it in its own words", async () => {
    const { gate } = gateWith({ is: "to-be-fetched" });
    expect(await gate.look("javascript:alert(1)", "ebay")).toBe("allowed");
    expect(await gate.look("not an address", "ebay")).toBe("allowed");
    expect(await gate.look(page, "ebay")).toBe("to-be-fetched");
  });
});
