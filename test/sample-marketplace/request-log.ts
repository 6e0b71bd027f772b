export interface LoggedRequest {
  at: Date;
  path: string;
  /** HTTP status; 0 for a request that is left hanging. */
  status: number;
  /** Monotonic, of this process. */
  startedMs: number;
  /** When the answer was sent or cut off; null while it is not. */
  endedMs: number | null;
}

const RECENT_REQUESTS = 10_000;

/** How many of these requests were being answered at one moment, at most. */
export function mostAtOnce(requests: readonly LoggedRequest[]): number {
  const edges = requests
    .flatMap(({ startedMs, endedMs }) => [
      { atMs: startedMs, change: 1 },
      { atMs: endedMs ?? Number.POSITIVE_INFINITY, change: -1 },
    ])
    .toSorted((a, b) => a.atMs - b.atMs || a.change - b.change);
  let now = 0;
  return edges.reduce((most, { change }) => Math.max(most, (now += change)), 0);
}

/** The last requests in full, and counts of all. */
export class RequestLog {
  readonly recent: LoggedRequest[] = [];
  readonly countByPath = new Map<string, number>();
  readonly countByStatus = new Map<number, number>();
  total = 0;

  add(request: LoggedRequest): void {
    this.total += 1;
    this.countByPath.set(request.path, (this.countByPath.get(request.path) ?? 0) + 1);
    this.countByStatus.set(request.status, (this.countByStatus.get(request.status) ?? 0) + 1);
    this.recent.push(request);
    // Dropping half at once keeps adding cheap.
    if (this.recent.length > RECENT_REQUESTS) this.recent.splice(0, RECENT_REQUESTS / 2);
  }

  clear(): void {
    this.recent.length = 0;
    this.countByPath.clear();
    this.countByStatus.clear();
    this.total = 0;
  }
}
