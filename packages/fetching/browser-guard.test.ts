import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createEgress } from "./egress.ts";
import { startEgressProxy } from "./egress-proxy.ts";
import { openBrowserFetcher } from "./test-support/browser-fetcher.ts";
import { html, type LocalSite, openLocalSite } from "./test-support/local-site.ts";

/** Somebody's private service: whatever reaches it is a hole. */
let knocks: string[];
let secretPort: number;
let closeSecret: () => void;
let site: LocalSite;
let web: ReturnType<typeof openBrowserFetcher>;

/** Runs in the page; ends with a title that says what came of it. */
const tryAndTell = (attempt: string) => `<title>trying</title><script>
  const tell = (result) => { document.title = "ended: " + result; };
  (async () => { ${attempt} })().then((r) => tell(r ?? "reached"), (error) => tell("refused " + error));
</script>`;

beforeAll(async () => {
  const secret = createServer((socket) => {
    knocks.push("tcp");
    socket.on("error", () => socket.destroy());
    socket.end("HTTP/1.1 200 OK\r\naccess-control-allow-origin: *\r\ncontent-length: 6\r\n\r\nsecret");
  });
  secret.listen(0, "127.0.0.1");
  await once(secret, "listening");
  secretPort = (secret.address() as AddressInfo).port;
  const udp = createSocket("udp4", () => knocks.push("udp")).bind(secretPort, "127.0.0.1");
  await once(udp, "listening");
  closeSecret = () => {
    secret.close();
    udp.close();
  };

  const secretUrl = (scheme: string, host = "127.0.0.1") => `${scheme}://${host}:${secretPort}/`;
  site = await openLocalSite({
    "/redirect": (_request, response) => response.writeHead(302, { location: secretUrl("http") }).end(),
    "/script-redirect": html(`<script>location.href = "${secretUrl("http")}"</script>`),
    "/meta-refresh": html(`<meta http-equiv="refresh" content="0;url=${secretUrl("http")}">`),
    "/frame": html(
      `<iframe src="${secretUrl("http")}"></iframe><iframe src="${secretUrl("https")}"></iframe>${tryAndTell("await new Promise((r) => window.addEventListener('load', r)); return 'refused or reached'")}`,
    ),
    "/fetch": html(
      tryAndTell(`await fetch("${secretUrl("http")}", { mode: "no-cors" }).then((r) => r.type)`),
    ),
    "/fetch-cors": html(tryAndTell(`return await fetch("${secretUrl("http")}").then((r) => r.text())`)),
    "/fetch-localhost": html(
      tryAndTell(`return await fetch("${secretUrl("http", "localhost")}").then((r) => r.text())`),
    ),
    "/fetch-rebinding": html(
      tryAndTell(`return await fetch("${secretUrl("http", "rebinding.example")}").then((r) => r.text())`),
    ),
    "/worker": html(
      tryAndTell(
        `const code = 'fetch("${secretUrl("http")}").then((r) => r.text()).then(postMessage, () => postMessage("refused"))';
         const worker = new Worker(URL.createObjectURL(new Blob([code])));
         return await new Promise((r) => { worker.onmessage = ({ data }) => r(data); })`,
      ),
    ),
    "/websocket": html(
      tryAndTell(
        `await new Promise((ok, no) => { const s = new WebSocket("${secretUrl("ws")}"); s.onopen = ok; s.onerror = () => no("closed"); })`,
      ),
    ),
    "/websocket-secure": html(
      tryAndTell(
        `await new Promise((ok, no) => { const s = new WebSocket("${secretUrl("wss")}"); s.onopen = ok; s.onerror = () => no("closed"); })`,
      ),
    ),
    "/webtransport": html(tryAndTell(`await new WebTransport("${secretUrl("https")}").ready`)),
    "/webrtc": html(
      tryAndTell(
        `const c = new RTCPeerConnection({ iceServers: [{ urls: "stun:127.0.0.1:${secretPort}" }, { urls: "turn:127.0.0.1:${secretPort}?transport=tcp", username: "u", credential: "p" }] });
         c.createDataChannel("x"); await c.setLocalDescription(await c.createOffer());
         await new Promise((r) => { c.onicegatheringstatechange = () => c.iceGatheringState === "complete" && r(); setTimeout(r, 3000); });
         return "refused or reached"`,
      ),
    ),
    "/hints": html(
      `<link rel="preconnect" href="${secretUrl("http")}"><link rel="prefetch" href="${secretUrl("http")}"><link rel="preload" as="script" href="${secretUrl("http")}"><link rel="dns-prefetch" href="//localhost:${secretPort}">${tryAndTell("await new Promise((r) => window.addEventListener('load', () => setTimeout(r, 500))); return 'refused or reached'")}`,
    ),
    "/form": html(
      `<form method="post" action="${secretUrl("http")}" target="f"></form><iframe name="f"></iframe><script>document.forms[0].submit()</script>${tryAndTell("await new Promise((r) => setTimeout(r, 500)); return 'refused or reached'")}`,
    ),
    "/popup": html(
      tryAndTell(
        `window.open("${secretUrl("http")}"); await new Promise((r) => setTimeout(r, 500)); return 'refused or reached'`,
      ),
    ),
    "/file": html(
      `<iframe src="file:///etc/passwd"></iframe>${tryAndTell(`await fetch("file:///etc/passwd").then((r) => r.text())`)}`,
    ),
  });
  web = openBrowserFetcher({
    allowedPrivateHosts: [`127.0.0.1:${site.port}`],
    resolve: async () => ["127.0.0.1"],
  });
});

beforeEach(() => {
  knocks = [];
});

afterAll(async () => {
  await web[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
  closeSecret();
});

const untilEnded = (text: string) => (/<title>ended/.test(text) ? "ok" : "changed");

describe("a page that leads to a private address is refused for good", () => {
  it.each(["/redirect", "/script-redirect", "/meta-refresh"])("by %s", async (path) => {
    await expect(web.fetch(site.base + path, { state: untilEnded })).rejects.toMatchObject({
      errorClass: "permanent",
      reason: "private-address",
    });
    expect(knocks).toEqual([]);
  });

  it.each(["127.0.0.1", "localhost", "rebinding.example", "169.254.169.254", "[::1]"])(
    "when it is at %s itself",
    async (host) => {
      for (const scheme of ["http", "https"]) {
        await expect(web.fetch(`${scheme}://${host}:${secretPort}/`)).rejects.toMatchObject({
          errorClass: "permanent",
          reason: "private-address",
        });
      }
      expect(knocks).toEqual([]);
    },
  );
});

describe("a page cannot reach a private address", () => {
  it.each([
    "/frame",
    "/fetch",
    "/fetch-cors",
    "/fetch-localhost",
    "/fetch-rebinding",
    "/worker",
    "/websocket",
    "/websocket-secure",
    "/webtransport",
    "/webrtc",
    "/hints",
    "/form",
    "/popup",
    "/file",
  ])("by %s", async (path) => {
    const { page, reading } = await web.fetch(site.base + path, { state: untilEnded });
    expect(reading.state).toBe("ok");
    expect(page.html).not.toMatch(/ended: .*secret|root:/);
    expect(knocks).toEqual([]);
  });
});

describe("the proxy that Chromium leaves by", () => {
  it("serves nobody without its credential", async () => {
    await using open = await openLocalSite({ "/": html("x") });
    const egress = createEgress({
      allowedPrivateHosts: ["127.0.0.1"],
      wayOut: null,
      connectTimeoutMs: 500,
    });
    const proxy = await startEgressProxy(egress);
    const place = `127.0.0.1:${open.port}`;
    for (const line of [`GET http://${place}/ HTTP/1.1`, `CONNECT ${place} HTTP/1.1`]) {
      const client = connect(Number(new URL(proxy.server).port), "127.0.0.1");
      client.write(`${line}\r\nhost: ${place}\r\n\r\n`);
      const [answer] = (await once(client, "data")) as [Buffer];
      expect(answer.toString()).toMatch(/^HTTP\/1.1 407 /);
      client.destroy();
    }
    await proxy.close();
    expect(open.requests).toEqual([]);
  });
});
