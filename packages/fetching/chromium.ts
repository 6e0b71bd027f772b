import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { messageOf, TemporaryError } from "@pricefleet/contracts";
import type { Logger } from "@pricefleet/logging";
import type { Browser } from "playwright-core";
import type { EgressProxy } from "./egress-proxy.ts";
import { finishedWithin } from "./within-time.ts";

/** A running Chromium. */
export interface Chromium {
  readonly browser: Browser;
  /** Memory of all its processes, shared pages counted once (PSS); null where /proc does not tell. */
  memoryBytes(): Promise<number | null>;
  /** Ends it, by force if it does not answer. */
  close(): Promise<void>;
}

interface ChromiumOptions {
  path: string;
  proxy: EgressProxy;
  userAgent: string;
  logger: Logger;
}

const LAUNCH_TIMEOUT_MS = 30_000;
const CLOSE_TIMEOUT_MS = 5_000;

/** @throws TemporaryError `browser-crashed` when it does not start. */
export async function launchChromium({ path, proxy, userAgent, logger }: ChromiumOptions): Promise<Chromium> {
  // Loaded when first needed: a worker that never needs a browser never pays for it.
  const { chromium } = await import("playwright-core");
  try {
    const browser = await chromium.launch({
      executablePath: path,
      // By Playwright's own option, which also sends loopback through the proxy. Without the credential, for
      // which Playwright would intercept every request and switch the HTTP cache off; a page's guard gives it.
      proxy: { server: proxy.server },
      chromiumSandbox: process.getuid?.() !== 0 && !isInContainer(),
      // Draining is the service's; a signal to the process group must not take the browser away from under it.
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
      timeout: LAUNCH_TIMEOUT_MS,
      args: [
        `--user-agent=${userAgent}`,
        "--disable-quic",
        // Not by UDP either: WebRTC would find its own way out.
        "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
        // Chromium resolves nothing itself; what would go round the proxy finds no address.
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        // One process a page rather than one a frame: less memory, and one guard sees all its frames.
        "--disable-site-isolation-trials",
        "--disable-domain-reliability",
        // A page that wants more than this crashes alone, rather than taking the worker's pod with it.
        "--js-flags=--max-old-space-size=256",
        "--no-pings",
      ],
    });
    const processIds = await processesOf(browser);
    return {
      browser,
      async memoryBytes() {
        return memoryOf(await processesOf(browser));
      },
      async close() {
        const closed = await finishedWithin(browser.close(), CLOSE_TIMEOUT_MS);
        if (!closed) killMainProcess(processIds, logger);
      },
    };
  } catch (error) {
    throw new TemporaryError("browser-crashed", `Chromium did not start (${path}): ${messageOf(error)}`, {
      cause: error,
    });
  }
}

interface BrowserProcess {
  id: number;
  type: string;
}

async function processesOf(browser: Browser): Promise<BrowserProcess[]> {
  const session = await browser.newBrowserCDPSession();
  try {
    const { processInfo } = await session.send("SystemInfo.getProcessInfo");
    return processInfo;
  } finally {
    await session.detach();
  }
}

async function memoryOf(processes: readonly BrowserProcess[]): Promise<number | null> {
  try {
    const sizes = await Promise.all(
      processes.map(async ({ id }) => {
        const rollup = await readFile(`/proc/${id}/smaps_rollup`, "utf8");
        return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) * 1024;
      }),
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  } catch {
    // A process that has just ended, or a system without smaps_rollup: there is nothing to say now.
    return null;
  }
}

function killMainProcess(processes: readonly BrowserProcess[], logger: Logger): void {
  const main = processes.find(({ type }) => type === "browser");
  logger.warn("Chromium did not close and is killed", { pid: main?.id });
  if (main === undefined) return;
  try {
    process.kill(main.id, "SIGKILL");
  } catch (error) {
    logger.debug("Chromium was gone already", { pid: main.id, error: messageOf(error) });
  }
}

/** There Chromium cannot make the namespaces of its own sandbox; the pod's seccomp profile is the fence. */
function isInContainer(): boolean {
  if (process.env["KUBERNETES_SERVICE_HOST"] !== undefined) return true;
  if (existsSync("/.dockerenv") || existsSync("/run/.containerenv")) return true;
  return (
    existsSync("/proc/1/cgroup") &&
    /docker|kubepods|containerd|lxc/.test(readFileSync("/proc/1/cgroup", "utf8"))
  );
}
