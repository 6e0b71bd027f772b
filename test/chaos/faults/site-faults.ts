import type { FaultRule } from "@pricefleet/sample-marketplace";
import type { Fault } from "../fault.ts";
import type { Stage } from "../stage.ts";

const STRUCK = 0.2;
const once = (fault: FaultRule["fault"]) => ({ fault, share: STRUCK, times: 1 });
const OPEN_AGAIN_MS = 1_000;

/** Walls slow a host down and close it for a minute and more, for hundreds of them hours: a person opens it each time. */
function wall(name: string, rule: ReturnType<typeof once> & { retryAfterSeconds?: number }): Fault {
  return {
    name,
    arrange: () => ({ rules: [rule] }),
    async strike(stage, closers) {
      const timer = setInterval(() => void openHost(stage), OPEN_AGAIN_MS);
      closers.defer(() => clearInterval(timer));
      await stage.untilEnded(0.3);
    },
  };
}

async function openHost({ book, marketplace }: Stage): Promise<void> {
  const { host } = new URL(marketplace.url);
  await book
    .query(
      `SELECT ask_host_change(host, '{"closed_until": null, "min_delay_ms": 0}') FROM hosts
        WHERE host = $1 AND (closed_until > now() OR current_delay_ms > 0)`,
      [host],
    )
    .catch(() => undefined);
}

/** What a site does to a fifth of its pages, each at the first time. */
export const siteFaults: Fault[] = [
  wall("rate-limited", { ...once("rate-limited"), retryAfterSeconds: 1 }),
  wall("forbidden", once("blocked")),
  wall("captcha", once("captcha")),
  {
    name: "server-errors",
    // One in a hundred never recovers, and dies.
    arrange: () => ({ rules: [{ fault: "server-error", share: 0.01 }, once("server-error")] }),
    strike: (stage) => stage.untilEnded(0.3),
  },
  {
    name: "hanging-pages",
    // Each is waited for 20 s.
    arrange: () => ({ rules: [once("hang")], pagesAtOnce: 20 }),
    strike: (stage) => stage.untilEnded(0.3),
  },
  {
    name: "truncated-pages",
    arrange: () => ({ rules: [once("truncated")] }),
    strike: (stage) => stage.untilEnded(0.3),
  },
];
