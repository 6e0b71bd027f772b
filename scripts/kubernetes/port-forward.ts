import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { LogTail } from "../log-tail.ts";
import { lastLines, type OwnedProcess, startOwnedProcess } from "../servers/index.ts";
import type { Namespace } from "./namespace.ts";

const START_MS = 20_000;
const END_GRACE_MS = 2_000;

/** A way to a service of the cluster, from this machine. */
export interface Way {
  /** Where the service is reached now. @throws Error when it cannot be, with what kubectl said. */
  url(): Promise<string>;
  close(): Promise<void>;
}

/** `kubectl port-forward`. It ends with the pod that it leads to; the next one who asks for the URL gets a new one. */
export function forwardPort(namespace: Namespace, service: string, port: number): Way {
  const folder = mkdtempSync(join(tmpdir(), "pricefleet-forward-"));
  let forward: { process: OwnedProcess; url: string } | null = null;
  let started = 0;
  return {
    async url() {
      if (forward?.process.isRunning() !== true) forward = await start();
      return forward.url;
    },
    async close() {
      await forward?.process.end("SIGTERM", END_GRACE_MS);
      rmSync(folder, { recursive: true, force: true });
    },
  };

  async function start(): Promise<{ process: OwnedProcess; url: string }> {
    const owned = startOwnedProcess({
      name: `port-forward to ${service}`,
      command: [
        ...namespace.command,
        "port-forward",
        "--address=127.0.0.1",
        `service/${service}`,
        `:${port}`,
      ],
      environment: process.env,
      logFile: join(folder, `${++started}.log`),
      parentDeathSignal: "TERM",
    });
    const tail = new LogTail(owned.logFile);
    const deadline = Date.now() + START_MS;
    while (owned.isRunning() && Date.now() < deadline) {
      for (const line of tail.newLines()) {
        const [, localPort] = /^Forwarding from 127\.0\.0\.1:(\d+)/.exec(line) ?? [];
        if (localPort !== undefined) return { process: owned, url: `http://127.0.0.1:${localPort}` };
      }
      await delay(50);
    }
    await owned.end("SIGTERM", END_GRACE_MS);
    throw new Error(`${service} cannot be reached: ${lastLines(owned.logFile, 1)}`);
  }
}
