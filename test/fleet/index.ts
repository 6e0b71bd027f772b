export { logOf } from "./read-log.ts";
export { countsByState, endOf, type RunEnd } from "./look-at-run.ts";
export { type SentryEvent, startSentry } from "./start-sentry.ts";
export { type Fleet, startFleet, waitFor } from "./start-fleet.ts";
