import { NoWayOutError, TemporaryError } from "@pricefleet/contracts";
import { describe, expect, it } from "vitest";
import { openBrowserFetcher } from "./test-support/browser-fetcher.ts";
import { html, openLocalSite } from "./test-support/local-site.ts";
import { poolOf } from "./test-support/pool-of.ts";
import { openUpstreamProxy, type TestProxy } from "./test-support/upstream-proxy.ts";
import type { WayOut } from "./way-out.ts";

const kinds = ["http", "socks5"] as const;
type Kind = (typeof kinds)[number];

async function openProxies(kind: Kind, sitePort: number) {
  const closers = new AsyncDisposableStack();
  const proxies: TestProxy[] = [];
  for (let count = 0; count < 3; count++) {
    proxies.push(closers.use(await openUpstreamProxy(kind, sitePort)));
  }
  return {
    proxies,
    urls: proxies.map(({ address }) => `${kind}://ann:s3cret@${address}`),
    [Symbol.asyncDispose]: () => closers.disposeAsync(),
  };
}

const hosts = Array.from({ length: 30 }, (_, index) => `shop-${index}.example`);

/** Which proxy each host leaves by. */
async function placesOf(way: WayOut, proxies: readonly TestProxy[]): Promise<Record<string, number>> {
  const places: Record<string, number> = {};
  for (const host of hosts) {
    const before = proxies.map(({ asked }) => asked.length);
    (await way.connect(host, 80)).destroy();
    // Where it was turned away it was asked too: the last one carried it.
    places[host] = proxies.findIndex(
      ({ asked, refuseLogins }, index) => !refuseLogins && asked.length > (before[index] ?? 0),
    );
  }
  return places;
}

const moved = (before: Record<string, number>, after: Record<string, number>) =>
  hosts.filter((host) => before[host] !== after[host]);

describe.each(kinds)("several %s proxies", (kind) => {
  it("a host keeps its proxy, hosts share them out, and the order of PROXY_URL is of no matter", async () => {
    await using site = await openLocalSite({});
    await using open = await openProxies(kind, site.port);
    const places = await placesOf(poolOf(...open.urls), open.proxies);
    expect(new Set(Object.values(places))).toEqual(new Set([0, 1, 2]));
    expect(await placesOf(poolOf(...open.urls.toReversed()), open.proxies)).toEqual(places);
  });

  it("one that takes no login is left out for a while: its hosts move, no other does, and they come back", async () => {
    await using site = await openLocalSite({});
    await using open = await openProxies(kind, site.port);
    const way = poolOf(...open.urls);
    const [refusing] = open.proxies;
    const before = await placesOf(way, open.proxies);
    if (refusing !== undefined) refusing.refuseLogins = true;
    const after = await placesOf(way, open.proxies);
    expect(moved(before, after)).toEqual(hosts.filter((host) => before[host] === 0));
    expect(Object.values(after)).not.toContain(0);

    if (refusing !== undefined) refusing.refuseLogins = false;
    await expect.poll(async () => moved(before, await placesOf(way, open.proxies))).toEqual([]);
  });

  it("when all are down nothing leaves, and the error says so without their credentials", async () => {
    await using site = await openLocalSite({ "/": html("reached directly") });
    await using open = await openProxies(kind, site.port);
    for (const proxy of open.proxies) proxy.refuseLogins = true;
    const failure: unknown = await poolOf(...open.urls)
      .connect("127.0.0.1", site.port)
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(NoWayOutError);
    expect(String(failure)).toMatch(/^(?!.*s3cret).*No proxy can be used, and nothing leaves without one/);
    expect(site.requests).toEqual([]);
  });

  it("a site that is down is not the proxy's fault, but one that reaches no site at all is", async () => {
    await using site = await openLocalSite({});
    await using open = await openProxies(kind, site.port);
    const [only] = open.proxies;
    const way = poolOf(open.urls[0] ?? "");
    if (only !== undefined) only.reachesNothing = true;
    for (const host of ["a.example", "a.example", "b.example", "b.example", "c.example"]) {
      await expect(way.connect(host, 80)).rejects.toMatchObject({
        name: TemporaryError.name,
        reason: "network",
      });
    }
    await expect(way.connect("d.example", 80)).rejects.toMatchObject({ reason: "proxies-down" });
  });
});

describe("a host that is walled off", () => {
  it.each(["http", "browser"] as const)(
    "leaves by the next proxy from then on, fetched by %s; the others stay where they are",
    async (mode) => {
      await using site = await openLocalSite({ "/wall": html("a wall"), "/fine": html("fine") });
      await using open = await openProxies("http", site.port);
      await using web = openBrowserFetcher({ proxyUrls: open.urls, timeouts: { settleMs: 100 } });
      /** The proxies by which pages of the host came, in their order. */
      const visits = async (host: string, ...paths: string[]) => {
        const used: number[] = [];
        for (const path of paths) {
          const before = open.proxies.map(({ asked }) => asked.filter((line) => line.includes(host)).length);
          await web.fetch(`http://${host}${path}`, {
            mode,
            state: (text) => (text.includes("a wall") ? "blocked" : "ok"),
          });
          used.push(
            open.proxies.findIndex(
              ({ asked }, index) => asked.filter((line) => line.includes(host)).length > (before[index] ?? 0),
            ),
          );
        }
        return used;
      };
      const [first] = await visits("other.example", "/fine");
      const used = await visits("walled.example", "/wall", "/wall", "/wall");
      expect(new Set(used)).toEqual(new Set([0, 1, 2]));
      // -1: its connection was kept.
      const [last] = await visits("other.example", "/fine");
      expect([first, -1]).toContain(last);
    },
    60_000,
  );

  it("moves once, however many pages of its old address tell of the wall", async () => {
    await using site = await openLocalSite({});
    await using open = await openProxies("http", site.port);
    const way = poolOf(...open.urls);
    (await way.connect("walled.example", 80)).destroy();
    const began = performance.now();
    expect(way.moveHost("walled.example", began)).toBe(true);
    expect(way.moveHost("walled.example", began)).toBe(false);
  });
});
