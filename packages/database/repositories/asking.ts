import { sqlStateOf } from "../retryable-errors.ts";

/** The thing that was asked about does not exist. */
export class NoSuchThingError extends Error {
  override readonly name = "NoSuchThingError";
}

/** It exists, and is not in a state for this. */
export class NotNowError extends Error {
  override readonly name = "NotNowError";
  /** The run that is in the way; null if it is the one that was asked about. */
  readonly runId: string | null;
  constructor(message: string, runId: string | null) {
    super(message);
    this.runId = runId;
  }
}

/** Turns the refusals of the asking functions into this package's errors. */
export async function asking<T>(
  work: () => Promise<T>,
  whoIsInTheWay: () => Promise<string | null> = () => Promise.resolve(null),
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    switch (sqlStateOf(error)) {
      case "PF404":
        throw new NoSuchThingError(error.message, { cause: error });
      case "PF409":
        throw new NotNowError(error.message, detailOf(error));
      case "23505": {
        // A run that ended is begun again while a newer one of its search is under way (runs_one_active_a_search).
        const runId = await whoIsInTheWay();
        throw new NotNowError(`run ${runId ?? "?"} of the same search is under way`, runId);
      }
      default:
        throw error;
    }
  }
}

function detailOf(error: Error): string | null {
  return "detail" in error && typeof error.detail === "string" ? error.detail : null;
}
