import { waitFor } from "../../fleet/index.ts";
import { chromiumOf, parentOf } from "../chromium-of.ts";
import type { Arrangement } from "../stage.ts";
import type { Fault } from "../fault.ts";

const SHARE = 0.1;
const MOST_TARGETS = 120;
const inBrowser = (): Arrangement => ({
  environment: { FETCH_MODE: "browser", LEASE_SECONDS: "100" },
  workers: 2,
  pagesAtOnce: 2,
});

/** What happens to Chromium. A browser's page costs fifty times what plain HTTP does, so these runs are shorter. */
export const browserFaults: Fault[] = [
  {
    name: "chromium-killed",
    mostTargets: MOST_TARGETS,
    arrange: inBrowser,
    async strike({ untilEnded, workers }) {
      await untilEnded(SHARE);
      for (const worker of workers) process.kill(await chromiumOf(worker), "SIGKILL");
    },
  },
  {
    name: "chromium-hung",
    mostTargets: MOST_TARGETS,
    arrange: inBrowser,
    async strike({ untilEnded, workers: [worker] }) {
      await untilEnded(SHARE);
      if (worker === undefined) throw new Error("there is no worker");
      const pid = await chromiumOf(worker);
      process.kill(pid, "SIGSTOP");
      // Nobody wakes it up: the worker must notice, and end it.
      await waitFor("an end of the Chromium that hangs", 180_000, async () =>
        parentOf(String(pid)) === null ? true : null,
      );
    },
  },
  {
    name: "chromium-out-of-memory",
    mostTargets: MOST_TARGETS,
    arrange: () => ({ ...inBrowser(), rules: [{ fault: "devours-memory", share: 0.2, times: 1 }] }),
    strike: ({ untilEnded }) => untilEnded(SHARE),
  },
];
