import { logOf, waitFor } from "../../fleet/index.ts";
import type { Fault } from "../fault.ts";

const GRACE_MS = 60_000;
const SHARE = 0.1;

/** What happens to the processes of the fleet. */
export const processFaults: Fault[] = (["SIGKILL", "SIGTERM"] as const).flatMap((signal): Fault[] => {
  const end = signal === "SIGKILL" ? "killed" : "stopped";
  return [
    {
      name: `worker-${end}`,
      async strike({ untilEnded, workers, startWorker }) {
        await untilEnded(SHARE);
        await workers[0]?.end(signal, GRACE_MS);
        startWorker();
      },
    },
    {
      name: `dispatcher-${end}`,
      async strike({ untilEnded, dispatchers, startDispatcher }) {
        await untilEnded(SHARE);
        await dispatchers[0]?.end(signal, GRACE_MS);
        startDispatcher();
      },
    },
    {
      name: `collector-${end}`,
      async strike({ untilPagesRead, collector, book }) {
        await untilPagesRead(2);
        await collector.end(signal, GRACE_MS);
        const { rows } = await book.query("SELECT FROM runs WHERE collected_at IS NOT NULL");
        if (rows.length > 0) throw new Error("the collector was ready before the blow came");
      },
    },
  ];
});

processFaults.push({
  name: "leader-frozen",
  async strike({ untilEnded, dispatchers, startDispatcher, book }) {
    await untilEnded(SHARE);
    const [frozen] = dispatchers;
    if (frozen === undefined) throw new Error("nobody leads");
    const epoch = async () => {
      const { rows } = await book.query<{ epoch: string }>(
        "SELECT epoch FROM leaders WHERE name = 'dispatcher'",
      );
      return Number(rows[0]?.epoch);
    };
    const before = await epoch();
    process.kill(frozen.pid, "SIGSTOP");
    try {
      startDispatcher();
      await waitFor("another leader", 60_000, async () => ((await epoch()) > before ? true : null));
    } finally {
      process.kill(frozen.pid, "SIGCONT");
    }
    await waitFor("the old leader to see that its term is over", 60_000, async () =>
      logOf(frozen).some(({ message }) =>
        /another leads now|the term (is over|ends by itself)/.test(String(message)),
      )
        ? true
        : null,
    );
  },
});
