import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { createEgress } from "./egress.ts";
import { createFetcher } from "./fetcher.ts";
import { parseProxyUrl } from "./upstream-proxy.ts";
import { html, listeningLogger, openLocalSite } from "./test-support/local-site.ts";
import { poolOf } from "./test-support/pool-of.ts";
import { openUpstreamProxy } from "./test-support/upstream-proxy.ts";

const read = () => ({ state: "ok" }) as const;
const request = { mode: "http", rememberedMode: null, read } as const;
const options = { profileDir: null, chromiumPath: null, allowedPrivateHosts: [], proxyUrls: [] };

describe("the way out", () => {
  it("connects to the address it has checked, so rebinding a name gains nothing", async () => {
    await using site = await openLocalSite({ "/": html("secret") });
    let asked = 0;
    // A public address that answers nobody here, then loopback for whoever asks again.
    const resolve = async () => (asked++ === 0 ? ["1.1.1.1"] : ["127.0.0.1"]);
    const { logger } = listeningLogger();
    const fetcher = createFetcher({ ...options, logger, resolve, timeouts: { connectMs: 300 } });
    await expect(
      fetcher.fetchAndRead({ ...request, url: `http://rebinding.example:${site.port}/` }),
    ).rejects.toMatchObject({ errorClass: "temporary" });
    expect(asked).toBe(1);
    expect(site.requests).toEqual([]);
    await fetcher.close();
  });

  it("refuses a name that has a private address among public ones", async () => {
    const egress = createEgress({
      allowedPrivateHosts: [],
      wayOut: null,
      connectTimeoutMs: 500,
      resolve: async () => ["1.1.1.1", "10.0.0.7"],
    });
    await expect(egress.check("mixed.example", 80)).rejects.toMatchObject({ reason: "private-address" });
  });

  it("lets an allowed name have a private address", async () => {
    await using site = await openLocalSite({ "/": html("mine") });
    const { logger } = listeningLogger();
    const fetcher = createFetcher({
      ...options,
      logger,
      allowedPrivateHosts: [`shop.test:${site.port}`],
      resolve: async () => ["127.0.0.1"],
    });
    const { page } = await fetcher.fetchAndRead({ ...request, url: `http://shop.test:${site.port}/` });
    expect(page.html).toBe("mine");
    await fetcher.close();
  });
});

describe("with PROXY_URL", () => {
  it.each(["http", "socks5"] as const)("an %s proxy carries the page and resolves its name", async (kind) => {
    await using site = await openLocalSite({ "/": html("by proxy") });
    await using proxy = await openUpstreamProxy(kind, site.port);
    const { logger } = listeningLogger();
    const fetcher = createFetcher({
      ...options,
      logger,
      proxyUrls: [`${kind}://someone:s3cret@${proxy.address}`],
      resolve: async () => {
        throw new Error("nobody resolves here");
      },
    });
    const { page } = await fetcher.fetchAndRead({ ...request, url: "http://only-the-proxy-knows.example/" });
    expect(page.html).toBe("by proxy");
    expect(proxy.asked).toHaveLength(1);
    expect(proxy.asked[0]).toContain("only-the-proxy-knows.example");
    await fetcher.close();
  });

  it("a private address in digits, and localhost, are refused all the same", async () => {
    await using proxy = await openUpstreamProxy("http", 1);
    const egress = createEgress({
      allowedPrivateHosts: [],
      wayOut: poolOf(`http://${proxy.address}`),
      connectTimeoutMs: 500,
    });
    for (const host of ["127.0.0.1", "169.254.169.254", "localhost", "0x7f.1", "::ffff:10.0.0.1"]) {
      await expect(egress.connect(host, 80)).rejects.toMatchObject({ reason: "private-address" });
    }
    expect(proxy.asked).toEqual([]);
  });

  it("its credential is in no error and no log line", async () => {
    const { logger, lines } = listeningLogger();
    for (const kind of ["http", "socks5"]) {
      const fetcher = createFetcher({
        ...options,
        logger,
        proxyUrls: [`${kind}://someone:s3cret@127.0.0.1:1`],
      });
      const failure: unknown = await fetcher
        .fetchAndRead({ ...request, url: "http://shop.example/" })
        .catch((error: unknown) => error);
      expect(failure).toMatchObject({ errorClass: "temporary", reason: "proxies-down" });
      logger.error("failed", { error: failure });
      lines.push(inspect(failure, { depth: 10 }));
      await fetcher.close();
    }
    expect(lines.join("")).not.toMatch(/s3cret|c29tZW9uZTpzM2NyZXQ/);
    expect(() => parseProxyUrl("ftp://u:s3cret@h")).toThrow(/^(?!.*s3cret)has the protocol ftp:/);
  });
});
