import { messageOf } from "@pricefleet/contracts";

/** The API may be away for a moment, for instance while `make dev` restarts it, or its pod goes to another node. */
const API_PATIENCE_MS = 30_000;

/** Gives null for an answer that cannot be had now, and throws only when there was none for half a minute. */
export function patientQuestion<Answer>(ask: () => Promise<Answer>): () => Promise<Answer | null> {
  let answeredAt = Date.now();
  return async () => {
    try {
      const answer = await ask();
      answeredAt = Date.now();
      return answer;
    } catch (error) {
      if (Date.now() - answeredAt < API_PATIENCE_MS) return null;
      throw new Error(`the API does not answer: ${messageOf(error)}`, { cause: error });
    }
  };
}
