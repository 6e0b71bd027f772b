import { z } from "zod";

/** `gone`: it vanished without an end of its own; a process does when its dispatcher ends, a Job when somebody deletes it. */
export const collectorStates = ["pending", "running", "completed", "failed", "gone"] as const;

/** What runs a run's collector. */
export const collectorKinds = ["job", "process"] as const;

export const podStates = ["pending", "running", "completed", "failed"] as const;

const message = z.string().nullable().describe("In words: why it is not running, or how it ended");

export const collectorPod = z.strictObject({ name: z.string(), state: z.enum(podStates), message });
export type CollectorPod = z.infer<typeof collectorPod>;

/** How the collector of a run is doing, as whoever started it sees it. */
export const collectorReport = z.strictObject({
  kind: z.enum(collectorKinds),
  name: z.string(),
  state: z.enum(collectorStates),
  message,
  pods: z.array(collectorPod),
});
export type CollectorReport = z.infer<typeof collectorReport>;
