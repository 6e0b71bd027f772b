import { writeFileSync } from "node:fs";

const BEAT_MS = 10_000;

/**
 * Writes the file now and every ten seconds, for as long as this process's event loop turns. That the file is there
 * says that the service has started, its age that it has not hung; a probe can ask both without starting a Node.
 * @param file null: none is kept.
 * @returns what stops it.
 */
export function startHeartbeat(file: string | null): () => void {
  if (file === null) return () => undefined;
  const beat = () => writeFileSync(file, `${new Date().toISOString()}\n`);
  beat();
  const beating = setInterval(beat, BEAT_MS).unref();
  return () => clearInterval(beating);
}
