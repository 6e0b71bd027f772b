export interface LoggedRequest {
  at: Date;
  path: string;
  /** HTTP status; 0 for a request that is left hanging. */
  status: number;
}

const RECENT_REQUESTS = 10_000;

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
