import type { Pool } from "pg";
import { waitFor } from "./start-fleet.ts";

/** How many targets of the run are in each state. */
export async function countsByState(book: Pool, runId: string): Promise<Record<string, number>> {
  const { rows } = await book.query<{ state: string; count: number }>(
    "SELECT state, count(*)::integer AS count FROM targets WHERE run_id = $1 GROUP BY state",
    [runId],
  );
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
}

export interface RunEnd {
  state: string;
  found: number;
  pages_read: number;
  error: string | null;
}

/** Waits until the run has come to an end. */
export async function endOf(book: Pool, runId: string, timeoutMs: number): Promise<RunEnd> {
  try {
    return await waitFor(`the end of run ${runId}`, timeoutMs, async () => {
      const { rows } = await book.query<RunEnd>(
        "SELECT state, found, pages_read, error FROM runs WHERE id = $1",
        [runId],
      );
      const run = rows[0];
      return run !== undefined && ["completed", "error"].includes(run.state) ? run : null;
    });
  } catch (error) {
    throw new Error(
      `run ${runId} did not end; its targets: ${JSON.stringify(await countsByState(book, runId))}`,
      { cause: error },
    );
  }
}
