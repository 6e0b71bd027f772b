import type { Arrangement, Stage } from "./stage.ts";

/** One thing that goes wrong in the middle of a run. */
export interface Fault {
  /** FAULT=… runs it alone. */
  name: string;
  /** What cannot be had on this machine; null: nothing. The test is skipped, and says so. */
  missing?: string | null;
  /** For what is slow: at most so many, whatever CHAOS_TARGETS says. */
  mostTargets?: number;
  arrange?(): Arrangement;
  /** Waits for the right moment by itself. Whatever it breaks and nobody is to find broken for ever, it mends. */
  strike(stage: Stage, closers: AsyncDisposableStack): Promise<void>;
  /** Unreadable messages that it published. */
  poison?(targets: number): number;
}
