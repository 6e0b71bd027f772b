import type { CollectorReport } from "@pricefleet/contracts";

/** Starts the collector of a run, and looks after it: as a local process, or (in Kubernetes) as a Job. */
export interface CollectorLauncher {
  /** Starts a collector for the run unless one that this launcher started is still at it. */
  launch(runId: string): Promise<void>;
  /** How the last collector of each of these runs is doing. A run is left out when this launcher knows of none. */
  lookAt(runIds: readonly string[]): Promise<Map<string, CollectorReport>>;
  /** A collector that could not be started at all: what is to be told of it. */
  reportFailedLaunch(runId: string, error: unknown): CollectorReport;
  /** What has become of a collector that had not ended and is not known any more. */
  readonly goneBecause: string;
  /** Ends what it started, where that is its own (local processes), and waits for it, within a bound. */
  close(): Promise<void>;
}
