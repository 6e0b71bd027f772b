import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createLogger } from "@pricefleet/logging";
import { afterAll, describe, expect, it } from "vitest";
import { createFetcher } from "./fetcher.ts";

const asked: { path: string; accept: string | undefined; dest: string | undefined }[] = [];
const server = createServer((request, response) => {
  const path = request.url ?? "";
  asked.push({ path, accept: request.headers.accept, dest: String(request.headers["sec-fetch-dest"]) });
  const image = { "content-type": "image/jpeg" };
  if (path === "/photo.jpg") response.writeHead(200, image).end(Buffer.from([0xff, 0xd8, 1, 2, 3]));
  else if (path === "/moved.jpg") response.writeHead(302, { location: "/photo.jpg" }).end();
  else if (path === "/inside.jpg") response.writeHead(302, { location: "http://169.254.169.254/" }).end();
  else if (path === "/large.jpg") response.writeHead(200, image).end(Buffer.alloc(20_000));
  else if (path === "/page.jpg") response.writeHead(200, { "content-type": "text/html" }).end("a wall");
  else if (path === "/busy.jpg") response.writeHead(429, { "retry-after": "7" }).end();
  else if (path === "/broken.jpg") response.writeHead(500).end();
  else if (path === "/hangs.jpg") response.writeHead(200, image).write("x");
  else response.writeHead(404).end();
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = server.address() as AddressInfo;
const base = `http://127.0.0.1:${port}`;
const fetcher = createFetcher({
  logger: createLogger({ service: "test", level: "error", format: "console" }),
  profileDir: null,
  chromiumPath: null,
  allowedPrivateHosts: [`127.0.0.1:${port}`],
  proxyUrls: [],
});
afterAll(async () => {
  await fetcher.close();
  server.closeAllConnections();
  server.close();
});

const get = (url: string, timeoutMs = 10_000) => fetcher.fetchPhoto(url, { maxBytes: 10_000, timeoutMs });

describe("fetching a photo", () => {
  it("asks as a page's picture is asked for, and gives its bytes", async () => {
    expect([...(await get(`${base}/photo.jpg`))]).toEqual([0xff, 0xd8, 1, 2, 3]);
    expect(asked.at(-1)).toMatchObject({ accept: expect.stringContaining("image/webp"), dest: "image" });
  });

  it("follows a redirect, and tells of every address that it asks", async () => {
    const paths: string[] = [];
    const onDocument = ({ pathname }: URL) => paths.push(pathname);
    await fetcher.fetchPhoto(`${base}/moved.jpg`, { maxBytes: 10_000, timeoutMs: 10_000, onDocument });
    expect(paths).toEqual(["/moved.jpg", "/photo.jpg"]);
  });

  it.each([
    ["an address inside", "http://192.168.0.1/1.jpg", "private-address"],
    ["a redirect to the inside", `${base}/inside.jpg`, "private-address"],
    ["no http", "file:///etc/passwd", "not-http"],
    ["more bytes than wanted", `${base}/large.jpg`, "too-large"],
    ["a page", `${base}/page.jpg`, "not-a-photo"],
    ["nothing there", `${base}/none.jpg`, "not-a-photo"],
    ["a site that asks for patience", `${base}/busy.jpg`, "rate-limited"],
    ["a site in trouble", `${base}/broken.jpg`, "server-error"],
  ])("refuses with its reason: %s", async (_, url, reason) => {
    await expect(get(url)).rejects.toMatchObject({ reason });
  });

  it("a photo that never ends is given up after its time", async () => {
    await expect(get(`${base}/hangs.jpg`, 300)).rejects.toMatchObject({ reason: "timeout" });
  });
});
