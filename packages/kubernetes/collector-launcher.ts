/** Starts the collector of a run: as a local process, or (in Kubernetes) as a Job. */
export interface CollectorLauncher {
  /** Starts a collector for the run unless one that this launcher started is still at it. */
  launch(runId: string): Promise<void>;
  /** Ends what it started, where that is its own (local processes), and waits for it, within a bound. */
  close(): Promise<void>;
}
