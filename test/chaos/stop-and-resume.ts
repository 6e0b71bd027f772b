import { countsByState, waitFor } from "../fleet/index.ts";
import type { Scene } from "./stage.ts";

const PATIENCE_MS = 180_000;

/**
 * A person stops the run in its middle and lets it go on.
 * @throws Error when targets end while it is paused, what was in hand apart.
 */
export async function stopAndResume({ book, runId }: Scene, whilePaused: () => void): Promise<void> {
  const id = await runId();
  await book.query("SELECT ask_run_stop($1)", [id]);
  await waitFor("an end of what is in hand", PATIENCE_MS, async () => {
    const { running = 0 } = await countsByState(book, id);
    return running === 0 ? true : null;
  });
  await untilDispatcherIsSeen(book);
  const ended = await endedIn(book, id);
  await untilDispatcherIsSeen(book);
  const later = await endedIn(book, id);
  if (later !== ended) throw new Error(`${later - ended} targets ended in a paused run`);
  whilePaused();
  await book.query("SELECT ask_run_resume($1)", [id]);
}

/** Its term is prolonged every few seconds; in between every duty that publishes has had its turns. */
async function untilDispatcherIsSeen(book: Scene["book"]): Promise<void> {
  let first: string | null = null;
  await waitFor("a sign of the dispatcher", PATIENCE_MS, async () => {
    const { rows } = await book.query<{ until: string }>(
      "SELECT expires_at::text AS until FROM leaders WHERE name = 'dispatcher' AND expires_at > now()",
    );
    const until = rows[0]?.until ?? null;
    first ??= until;
    return until === null || until === first ? null : true;
  });
}

async function endedIn(book: Scene["book"], runId: string): Promise<number> {
  const { done = 0, failed = 0, dead = 0 } = await countsByState(book, runId);
  return done + failed + dead;
}
