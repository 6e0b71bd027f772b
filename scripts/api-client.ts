/** The part of the API that the scripts read; services/api has the whole of it. */
export interface RunStatus {
  id: string;
  search: { id: string; source: string; term: string | null; url: string | null };
  state: string;
  /** Why the run ended in state `error`. */
  error: string | null;
  found: number;
  pending: number;
  queued: number;
  running: number;
  done: number;
  failed: number;
  dead: number;
  cancelled: number;
  confirmed: number;
  pages_read: number;
  rate_per_minute: number | null;
  eta_seconds: number | null;
  /** Those that the run waits for: they showed a wall or asked for patience. */
  closed_hosts: { host: string; until: string; reason: string | null }[];
  /** Failed and dead targets by reason. */
  failures: { reason: string; count: number }[];
  /** The last few of them. */
  last_errors: { url: string; reason: string | null }[];
  /** What reads its search pages, where the dispatcher started it. */
  collector: { kind: string; name: string; state: string; message: string | null } | null;
}

/** What POST /runs takes. */
export interface RunOrder {
  source: string;
  term?: string;
  url?: string;
  max_pages?: number;
  enrich_limit?: number;
}

/** The API refused; the message is its own, in words. */
export class ApiRefusedError extends Error {
  override readonly name = "ApiRefusedError";
}

export interface ListingSummary {
  id: string;
  title: string;
  amount: string | null;
  currency: string | null;
}

export interface PriceChange {
  amount: string;
}

export interface ApiClient {
  isReady(): Promise<boolean>;
  run(id: string): Promise<RunStatus>;
  /** The newest ones. */
  runs(limit: number): Promise<RunStatus[]>;
  /** Starts a run, or finds the one that its search has under way. @throws ApiRefusedError */
  startRun(order: RunOrder, token: string): Promise<{ id: string; wasUnderWay: boolean }>;
  listings(searchId: string, limit: number): Promise<ListingSummary[]>;
  /** Newest first. */
  prices(listingId: string, limit: number): Promise<PriceChange[]>;
}

const TIMEOUT_MS = 10_000;

export function apiClient(baseUrl: string): ApiClient {
  async function get<Answer>(path: string): Promise<Answer> {
    const response = await fetch(`${baseUrl}${path}`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) throw new Error(`GET ${path}: HTTP ${response.status} ${await response.text()}`);
    return (await response.json()) as Answer;
  }
  return {
    async isReady() {
      const response = await fetch(`${baseUrl}/health/ready`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
      return response.ok;
    },
    run: (id) => get(`/runs/${id}`),
    async runs(limit) {
      const { items } = await get<{ items: { id: string }[] }>(`/runs?limit=${limit}`);
      return Promise.all(items.map(({ id }) => get<RunStatus>(`/runs/${id}`)));
    },
    async startRun(order, token) {
      const response = await fetch(`${baseUrl}/runs`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify(order),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const answer = (await response.json()) as { id?: string; detail?: string; run_url?: string };
      const underWay = answer.run_url?.split("/").at(-1);
      if (response.status === 409 && underWay !== undefined) return { id: underWay, wasUnderWay: true };
      if (response.status === 202 && answer.id !== undefined) return { id: answer.id, wasUnderWay: false };
      throw new ApiRefusedError(
        `The API refuses the run (HTTP ${response.status}): ${answer.detail ?? "it gives no reason"}`,
      );
    },
    async listings(searchId, limit) {
      const { items } = await get<{ items: ListingSummary[] }>(
        `/listings?search_id=${searchId}&limit=${limit}`,
      );
      return items;
    },
    async prices(listingId, limit) {
      const { items } = await get<{ items: PriceChange[] }>(`/listings/${listingId}/prices?limit=${limit}`);
      return items;
    },
  };
}
