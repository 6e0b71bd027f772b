// Long because it is the list of what a server may do, all asked of one site.
import type { Socket } from "node:net";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import type { PageState } from "@pricefleet/contracts";
import { describe, expect, it } from "vitest";
import { createFetcher, type FetcherOptions } from "./fetcher.ts";
import { html, listeningLogger, openLocalSite } from "./test-support/local-site.ts";

function openFetcher(options: Partial<FetcherOptions> = {}) {
  const { logger } = listeningLogger();
  const fetcher = createFetcher({
    logger,
    profileDir: null,
    chromiumPath: null,
    allowedPrivateHosts: ["127.0.0.1"],
    proxyUrls: [],
    ...options,
  });
  return {
    fetch: (url: string, state: PageState = "ok", signal?: AbortSignal) =>
      fetcher.fetchAndRead({
        url,
        mode: "auto",
        rememberedMode: null,
        read: ({ status }) => ({ state, status }),
        ...(signal === undefined ? {} : { signal }),
      }),
    [Symbol.asyncDispose]: () => fetcher.close(),
  };
}

describe("a page over HTTP", () => {
  it("comes with its address, status, headers, size and time", async () => {
    await using site = await openLocalSite({ "/page": html("<p>Größe</p>", { "X-Shop": "yes" }) });
    await using web = openFetcher();
    const { page, learnedMode } = await web.fetch(`${site.base}/page`);
    expect(page).toMatchObject({
      url: `${site.base}/page`,
      requestedUrl: `${site.base}/page`,
      status: 200,
      html: "<p>Größe</p>",
      fetchedBy: "http",
      sizeBytes: Buffer.byteLength("<p>Größe</p>"),
      screenshot: null,
    });
    expect(page.headers["x-shop"]).toBe("yes");
    expect(learnedMode).toBe("http");
  });

  it.each([
    ["gzip", gzipSync],
    ["x-gzip", gzipSync],
    ["br", brotliCompressSync],
    ["zstd", zstdCompressSync],
    ["deflate", deflateSync],
    ["deflate", deflateRawSync],
    ["gzip, br", (body: Buffer) => brotliCompressSync(gzipSync(body))],
  ])("is decompressed: %s", async (coding, compress) => {
    const text = "<p>ThinkPad</p>".repeat(1_000);
    await using site = await openLocalSite({
      "/": (_request, response) => {
        response.writeHead(200, { "content-encoding": coding, "content-type": "text/html" });
        response.end(compress(Buffer.from(text)));
      },
    });
    await using web = openFetcher();
    const { page } = await web.fetch(`${site.base}/`);
    expect(page.html).toBe(text);
  });

  it.each([
    ["its header", "text/html; charset=windows-1251", Buffer.from([0xcf, 0xf0, 0xe8]), "При"],
    [
      "its meta tag",
      "text/html",
      Buffer.from('<meta charset="iso-8859-2">\xb1', "latin1"),
      '<meta charset="iso-8859-2">ą',
    ],
    ["its byte order mark", "text/html; charset=latin1", Buffer.from("\ufeffé"), "é"],
    ["nothing, being UTF-8", "text/html", Buffer.from("é"), "é"],
    ["nothing, not being UTF-8", "text/html", Buffer.from([0xe9]), "é"],
    ["a name nobody knows", "text/html; charset=klingon", Buffer.from("é"), "é"],
  ])("is decoded by %s", async (_what, contentType, body, text) => {
    await using site = await openLocalSite({
      "/": (_request, response) => response.writeHead(200, { "content-type": contentType }).end(body),
    });
    await using web = openFetcher();
    expect((await web.fetch(`${site.base}/`)).page.html).toBe(text);
  });

  it("of 403, 404 or 410 is read, since its state decides", async () => {
    await using site = await openLocalSite({
      "/403": html("wall", {}, 403),
      "/410": html("gone", {}, 410),
      "/404": (_request, response) => response.writeHead(404, { "content-type": "image/png" }).end("x"),
    });
    await using web = openFetcher();
    for (const status of [403, 404, 410]) {
      const { reading, page } = await web.fetch(`${site.base}/${status}`, "gone");
      expect([reading.status, page.status]).toEqual([status, status]);
    }
  });

  it("sends back the cookies it was given, also those of a redirect", async () => {
    await using site = await openLocalSite({
      "/": (_request, response) =>
        response
          .writeHead(302, { location: "/home", "set-cookie": ["a=1; Path=/", "b=2; Path=/other"] })
          .end(),
      "/home": (request, response) => response.end(request.headers.cookie ?? "none"),
    });
    await using web = openFetcher();
    expect((await web.fetch(`${site.base}/`)).page.html).toBe("a=1");
  });
});

describe("a page larger than 8 MiB", () => {
  it("is refused, also when only its decompression makes it so", async () => {
    const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024));
    await using site = await openLocalSite({
      "/": (_request, response) =>
        response.writeHead(200, { "content-encoding": "gzip", "content-type": "text/html" }).end(bomb),
    });
    await using web = openFetcher();
    const before = process.memoryUsage().arrayBuffers;
    await expect(web.fetch(`${site.base}/`)).rejects.toMatchObject({
      errorClass: "permanent",
      reason: "too-large",
    });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
  });
});

describe("a redirect", () => {
  it("is followed up to ten times", async () => {
    await using site = await openLocalSite({
      "/hop": (request, response) => {
        const left = Number(new URL(request.url ?? "", "http://x").searchParams.get("left"));
        if (left === 0) response.end("there");
        else response.writeHead(302, { location: `?left=${left - 1}` }).end();
      },
    });
    await using web = openFetcher();
    const { page } = await web.fetch(`${site.base}/hop?left=10`);
    expect([page.html, page.url]).toEqual(["there", `${site.base}/hop?left=0`]);
    await expect(web.fetch(`${site.base}/hop?left=11`)).rejects.toMatchObject({
      errorClass: "permanent",
      reason: "too-many-redirects",
    });
  });

  it.each([
    ["a private address", "http://169.254.169.254/latest/meta-data", "private-address"],
    ["a private port of an allowed host", "http://127.0.0.1:1/", "private-address"],
    ["localhost", "http://localhost:1/", "private-address"],
    ["a file", "file:///etc/passwd", "not-http"],
    ["data", "data:text/html,x", "not-http"],
    ["too long a URL", `/${"x".repeat(2_100)}`, "url-too-long"],
  ])("to %s is refused for good", async (_what, location, reason) => {
    await using site = await openLocalSite({
      "/": (_request, response) => response.writeHead(302, { location }).end(),
    });
    await using web = openFetcher({ allowedPrivateHosts: [`127.0.0.1:${site.port}`] });
    await expect(web.fetch(`${site.base}/`)).rejects.toMatchObject({ errorClass: "permanent", reason });
  });
});

describe("an address that is not fetched", () => {
  it.each([
    ["ftp://example.com/", "not-http"],
    ["file:///etc/passwd", "not-http"],
    ["javascript:alert(1)", "not-http"],
    ["example.com", "not-http"],
    [`http://example.com/${"x".repeat(2_048)}`, "url-too-long"],
    ["http://127.0.0.1:9/", "private-address"],
    ["http://0x7f.1:9/", "private-address"],
    ["http://[::ffff:127.0.0.1]:9/", "private-address"],
    ["http://localhost:9/", "private-address"],
    ["http://10.0.0.1/", "private-address"],
  ])("%s fails for good: %s", async (url, reason) => {
    await using web = openFetcher({ allowedPrivateHosts: [] });
    await expect(web.fetch(url)).rejects.toMatchObject({ errorClass: "permanent", reason });
  });

  it("may be a file in place of a page", async () => {
    await using site = await openLocalSite({
      "/": (_request, response) => response.writeHead(200, { "content-type": "application/pdf" }).end("%PDF"),
    });
    await using web = openFetcher();
    await expect(web.fetch(`${site.base}/`)).rejects.toMatchObject({ reason: "not-a-page" });
  });
});

describe("a site that asks for patience", () => {
  it.each([
    [429, "120", 120_000],
    [429, undefined, null],
    [503, "7", 7_000],
  ])("by %s with Retry-After %s is rate-limited", async (status, retryAfter, retryAfterMs) => {
    await using site = await openLocalSite({
      "/": html("wait", retryAfter === undefined ? {} : { "retry-after": retryAfter }, status),
    });
    await using web = openFetcher();
    await expect(web.fetch(`${site.base}/`)).rejects.toMatchObject({
      errorClass: "rate-limited",
      retryAfterMs,
    });
  });
});

describe("a site in trouble", () => {
  it.each([
    [500, "server-error"],
    [502, "server-error"],
    [503, "overloaded"],
  ])("answering %s is worth another try", async (status, reason) => {
    await using site = await openLocalSite({ "/": html("oops", {}, status) });
    await using web = openFetcher();
    await expect(web.fetch(`${site.base}/`, "changed")).rejects.toMatchObject({
      errorClass: "temporary",
      reason,
    });
  });

  it("that shows a wall as 503 has answered", async () => {
    await using site = await openLocalSite({ "/": html("Pardon our interruption", {}, 503) });
    await using web = openFetcher();
    expect((await web.fetch(`${site.base}/`, "captcha")).reading.state).toBe("captcha");
  });

  it("that ends a page early gives no page", async () => {
    await using site = await openLocalSite({
      "/length": (_request, response) => {
        response.writeHead(200, { "content-type": "text/html", "content-length": "1000" });
        response.write("<p>half");
        setImmediate(() => response.destroy());
      },
      "/chunked": (_request, response) => {
        response.writeHead(200, { "content-type": "text/html" });
        response.write("<p>half");
        setImmediate(() => response.destroy());
      },
      "/gzip": (_request, response) => {
        const body = gzipSync("<p>whole</p>".repeat(500));
        response.writeHead(200, { "content-encoding": "gzip", "content-type": "text/html" });
        response.end(body.subarray(0, body.length / 2));
      },
    });
    await using web = openFetcher();
    for (const path of ["/length", "/chunked", "/gzip"]) {
      await expect(web.fetch(site.base + path)).rejects.toMatchObject({
        errorClass: "temporary",
        reason: "truncated",
      });
    }
  });

  it("that refuses the connection, or whose name is unknown, is worth another try", async () => {
    const site = await openLocalSite({});
    await site[Symbol.asyncDispose]();
    await using web = openFetcher({
      resolve: async () => {
        throw new Error("getaddrinfo ENOTFOUND");
      },
    });
    for (const url of [site.base, "http://shop.example/"]) {
      await expect(web.fetch(url)).rejects.toMatchObject({ errorClass: "temporary", reason: "network" });
    }
  });

  it("that closes a kept connection under a request is asked again on a new one", async () => {
    const served = new WeakSet<Socket>();
    let closings = 0;
    await using site = await openLocalSite({
      "/": ({ socket }, response) => {
        if (served.has(socket) && closings === 0) {
          closings += 1;
          socket.destroy();
          return;
        }
        served.add(socket);
        response.writeHead(200, { "content-type": "text/html" }).end("<p>x</p>");
      },
    });
    await using web = openFetcher();
    for (let page = 0; page < 5; page += 1) {
      expect((await web.fetch(`${site.base}/`)).page.html).toBe("<p>x</p>");
    }
    expect(closings).toBe(1);
  });

  it.each([
    ["headers", { headersMs: 100 }],
    ["anything in all", { httpTotalMs: 100 }],
  ])("that hangs before its %s times out", async (_what, timeouts) => {
    await using site = await openLocalSite({ "/": () => undefined });
    await using web = openFetcher({ timeouts });
    await expect(web.fetch(`${site.base}/`)).rejects.toMatchObject({
      errorClass: "temporary",
      reason: "timeout",
    });
  });

  it("that hangs within its body times out", async () => {
    await using site = await openLocalSite({
      "/": (_request, response) => {
        response.writeHead(200, { "content-type": "text/html" });
        response.write("<p>");
      },
    });
    await using web = openFetcher({ timeouts: { bodyIdleMs: 100 } });
    await expect(web.fetch(`${site.base}/`)).rejects.toMatchObject({ reason: "timeout" });
  });
});

describe("a fetch that is stopped", () => {
  it("ends with the reason it was stopped for", async () => {
    const stopping = new AbortController();
    await using site = await openLocalSite({ "/": () => stopping.abort(new Error("the lease is lost")) });
    await using web = openFetcher();
    await expect(web.fetch(`${site.base}/`, "ok", stopping.signal)).rejects.toThrow("the lease is lost");
  });
});
