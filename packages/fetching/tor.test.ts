import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BadEnvironmentError, NoWayOutError } from "@pricefleet/contracts";
import { describe, expect, it } from "vitest";
import { createFetcher } from "./fetcher.ts";
import { html, listeningLogger, openLocalSite } from "./test-support/local-site.ts";
import { openTorControl } from "./test-support/tor-control.ts";
import { openUpstreamProxy } from "./test-support/upstream-proxy.ts";
import { createTor } from "./tor.ts";

const PASSWORD = 'wi"th \\ marks';
const never = new AbortController().signal;
const hasTor = spawnSync("tor", ["--version"]).status === 0;

function torAt(socksAddress: string, controlPort: number | null, password = PASSWORD) {
  const [host = "", port] = socksAddress.split(":");
  const { logger, lines } = listeningLogger();
  const control = controlPort === null ? null : { host: "127.0.0.1", port: controlPort, password };
  const tor = createTor({
    socks: { host, port: Number(port) },
    control,
    logger,
    askEveryMs: 20,
    connectTimeoutMs: 2_000,
    newCircuitsEveryMs: 200,
  });
  return { tor, logger, lines };
}

const settled = (work: Promise<unknown>) => {
  const state = { isOver: false };
  void work.then(() => (state.isOver = true));
  return state;
};

describe("with TOR_ENABLED", () => {
  it("the start waits until Tor is bootstrapped, and says how far it is", async () => {
    await using control = await openTorControl(PASSWORD);
    const { tor, lines } = torAt("127.0.0.1:1", control.port);
    const waiting = tor.untilReady(never);
    const state = settled(waiting);
    await expect.poll(() => lines.join()).toContain("bootstrapped 0 %: Connecting to a relay");
    control.percent = 95;
    await expect.poll(() => lines.join()).toContain("bootstrapped 95 %");
    expect(state.isOver).toBe(false);
    control.percent = 100;
    await waiting;
    expect(lines.at(-1)).toContain("Tor is ready");
  });

  it("a Tor that is not there yet is waited for, and a stop ends the wait", async () => {
    const { tor, lines } = torAt("127.0.0.1:1", 1);
    const stopping = new AbortController();
    const waiting = tor.untilReady(stopping.signal);
    await expect.poll(() => lines.join()).toContain("its control port 127.0.0.1:1 cannot be asked");
    stopping.abort();
    await waiting;
  });

  it("without a control port it is ready when its SOCKS port reaches a site", async () => {
    await using site = await openLocalSite({});
    await using socks = await openUpstreamProxy("socks5", site.port);
    socks.reachesNothing = true;
    const { tor, lines } = torAt(socks.address, null);
    const waiting = tor.untilReady(never);
    await expect.poll(() => lines.join()).toContain("waiting for Tor");
    socks.reachesNothing = false;
    await waiting;
    expect(lines.at(-1)).toContain("Tor is ready");
  });

  it("a password that Tor does not take ends the start, named and not printed", async () => {
    await using control = await openTorControl("another");
    const { tor } = torAt("127.0.0.1:1", control.port);
    const failure: unknown = await tor.untilReady(never).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(BadEnvironmentError);
    expect(failure).toMatchObject({
      variable: "TOR_CONTROL_PASSWORD",
      message: expect.not.stringContaining(PASSWORD),
    });
  });

  it("names are resolved by it, each host has circuits of its own, and a wall brings new ones", async () => {
    await using site = await openLocalSite({ "/": html("a wall") });
    await using socks = await openUpstreamProxy("socks5", site.port);
    await using control = await openTorControl(PASSWORD);
    control.percent = 100;
    const { tor, logger } = torAt(socks.address, control.port);
    const fetcher = createFetcher({
      logger,
      tor,
      profileDir: null,
      chromiumPath: null,
      allowedPrivateHosts: [],
      proxyUrls: [],
      resolve: () => Promise.reject(new Error("a name was resolved beside Tor")),
    });
    const visit = (host: string, state: "ok" | "blocked") =>
      fetcher.fetchAndRead({
        url: `http://${host}/`,
        mode: "http",
        rememberedMode: null,
        read: () => ({ state }),
      });
    await visit("calm.example", "ok");
    await visit("walled.example", "blocked");
    await visit("walled.example", "blocked");
    await visit("walled.example", "ok");
    await visit("calm.example", "ok");
    expect(socks.asked).toEqual([
      "calm.example:80 calm.example:0",
      "walled.example:80 walled.example:0",
      "walled.example:80 walled.example:1",
      "walled.example:80 walled.example:2",
    ]);
    // Two walls in a moment are one NEWNYM at once and one when Tor takes the next.
    await expect.poll(() => control.signals).toEqual(["NEWNYM", "NEWNYM"]);
    await fetcher.close();
  });

  it("a Tor that goes away is no failed attempt and no direct way, and is used again when it is back", async () => {
    await using site = await openLocalSite({ "/": html("reached") });
    await using socks = await openUpstreamProxy("socks5", site.port);
    await using control = await openTorControl(PASSWORD);
    const { tor, lines } = torAt(socks.address, control.port);
    // It has lost its network: it answers as if the site were gone.
    control.percent = 45;
    socks.reachesNothing = true;
    await expect(tor.connect("shop.example", 80)).rejects.toMatchObject({ reason: "tor-down" });
    control.percent = 100;
    await expect(tor.connect("shop.example", 80)).rejects.toMatchObject({ reason: "network" });
    socks.reachesNothing = false;
    (await tor.connect("shop.example", 80)).destroy();
    expect(lines.join()).toMatch(/Tor is away.*Tor is back/s);
    const gone = torAt("127.0.0.1:1", control.port).tor;
    await expect(gone.connect("127.0.0.1", site.port)).rejects.toBeInstanceOf(NoWayOutError);
    expect(site.requests).toEqual([]);
  });

  it.skipIf(!hasTor)(
    "the real tor, which finds no network here, is waited for and never passed by",
    async () => {
      await using site = await openLocalSite({ "/": html("reached directly") });
      const [socksPort, controlPort] = [await freePort(), await freePort()];
      const folder = mkdtempSync(join(tmpdir(), "tor-"));
      const hash = spawnSync("tor", ["--quiet", "--hash-password", "s3cret"], {
        encoding: "utf8",
      }).stdout.trim();
      const real = spawn(
        "tor",
        [
          `-f /dev/null --ignore-missing-torrc --DataDirectory ${folder} --DisableNetwork 1`,
          `--SocksPort 127.0.0.1:${socksPort} --ControlPort 127.0.0.1:${controlPort} --HashedControlPassword ${hash}`,
        ].flatMap((words) => words.split(" ")),
        { stdio: "ignore" },
      );
      try {
        const { tor, lines } = torAt(`127.0.0.1:${socksPort}`, controlPort, "s3cret");
        const stopping = new AbortController();
        const waiting = tor.untilReady(stopping.signal);
        const state = settled(waiting);
        await expect.poll(() => lines.join(), { timeout: 20_000 }).toMatch(/it has bootstrapped \d+ %/);
        await expect(tor.connect("127.0.0.1", site.port)).rejects.toMatchObject({ reason: "tor-down" });
        expect(state.isOver).toBe(false);
        expect(site.requests).toEqual([]);
        stopping.abort();
        await waiting;
        await expect(
          torAt(`127.0.0.1:${socksPort}`, controlPort, "wrong").tor.untilReady(never),
        ).rejects.toBeInstanceOf(BadEnvironmentError);
      } finally {
        real.kill("SIGKILL");
        await once(real, "close");
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
