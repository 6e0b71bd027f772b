import { z } from "zod";

export const queueNames = ["listing_enrichment", "quote_refresh", "history_sync"] as const;
export type QueueName = (typeof queueNames)[number];

export const targetStates = ["pending", "queued", "running", "done", "failed", "dead", "cancelled"] as const;
export const targetState = z.enum(targetStates);
export type TargetState = z.infer<typeof targetState>;

export const runStates = ["idle", "initializing", "processing", "paused", "completed", "error"] as const;
export const runState = z.enum(runStates);
export type RunState = z.infer<typeof runState>;

/** The body of a message in a work queue. The book (PostgreSQL) has the truth; this says which row, and which publish. */
export const targetMessage = z.object({
  target_id: z.string().regex(/^\d+$/),
  /** Counts up with each publish of the target; a delivery with an old one is acknowledged and ignored. */
  publish_id: z.number().int().positive(),
  run_id: z.string().regex(/^\d+$/).nullable(),
  source: z.string().min(1),
  host: z.string().min(1),
  url: z.string().min(1),
  /** Of the API request that asked for the run: only for the log lines. */
  request_id: z.string().max(128).nullish(),
});
export type TargetMessage = z.infer<typeof targetMessage>;

/** `type` property of a target's message; a worker that meets a higher version delays it for a newer worker. */
export const TARGET_MESSAGE_TYPE = "pricefleet.target.v1";

/** Waits up to five minutes ride on queues named `<queue>.retry.<seconds>s`. */
export const RETRY_RUNGS_SECONDS = [1, 5, 15, 60, 300] as const;

/** A message older than this returns its target to `pending` instead of being worked on. */
export const MESSAGE_DEADLINE_HOURS = 12;

/** A target that recurs waits so long after each failure in a row, and never longer than the longest. */
export const REFRESH_BACKOFF = { stepSeconds: 5, longestSeconds: 60 } as const;
