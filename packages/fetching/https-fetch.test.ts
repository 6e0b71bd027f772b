import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openBrowserFetcher } from "./test-support/browser-fetcher.ts";
import { selfSigned } from "./test-support/self-signed.ts";
import { openUpstreamProxy } from "./test-support/upstream-proxy.ts";

const server = createServer(selfSigned, (_request, response) => response.end("<p>secure</p>"));
let port: number;
beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => server.close());

const toLoopback = { allowedPrivateHosts: ["shop.test"], resolve: async () => ["127.0.0.1"] };

describe("over TLS", () => {
  it("a site whose certificate nobody trusts gives no page", async () => {
    await using web = openBrowserFetcher(toLoopback);
    for (const mode of ["http", "browser"] as const) {
      await expect(web.fetch(`https://shop.test:${port}/`, { mode })).rejects.toMatchObject({
        errorClass: "temporary",
        reason: "network",
        message: expect.stringMatching(/certificate|ERR_CERT/),
      });
    }
  });

  it("a trusted site is read, its name being what its certificate says", async () => {
    const trusted = getCACertificates();
    setDefaultCACertificates([...trusted, selfSigned.cert]);
    try {
      await using web = openBrowserFetcher(toLoopback);
      const { page } = await web.fetch(`https://shop.test:${port}/`, { mode: "http" });
      expect(page.html).toBe("<p>secure</p>");
      await using elsewhere = openBrowserFetcher({ ...toLoopback, allowedPrivateHosts: ["other.test"] });
      await expect(elsewhere.fetch(`https://other.test:${port}/`, { mode: "http" })).rejects.toMatchObject({
        reason: "network",
      });
    } finally {
      setDefaultCACertificates(trusted);
    }
  });

  it.each(["http", "socks5"] as const)("Chromium too leaves by PROXY_URL: %s", async (kind) => {
    await using proxy = await openUpstreamProxy(kind, port);
    await using web = openBrowserFetcher({ proxyUrls: [`${kind}://someone:s3cret@${proxy.address}`] });
    // It reaches the site, whose certificate it then refuses.
    await expect(web.fetch("https://only-the-proxy-knows.example/")).rejects.toThrow(/ERR_CERT/);
    expect(proxy.asked[0]).toContain("only-the-proxy-knows.example");
  });
});
