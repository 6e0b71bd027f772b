import { REFRESH_BACKOFF } from "@pricefleet/contracts";
import { sql } from "kysely";

/** Of a row of targets that recurs: its attempts are its failures in a row, the one in hand included. */
export const backoffOfFailures = sql`make_interval(secs =>
  least(${REFRESH_BACKOFF.stepSeconds}::integer * attempts, ${REFRESH_BACKOFF.longestSeconds}::integer))`;
