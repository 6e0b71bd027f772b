import { AsyncLocalStorage } from "node:async_hooks";

/** What a piece of work is about. On every line that is logged while it is done, by whichever package. */
export interface LogFields {
  run_id?: string | null;
  target_id?: string;
  /** Of the API request that asked for the run. */
  request_id?: string | null;
  host?: string;
}

const current = new AsyncLocalStorage<LogFields>();

/** Does the work with these fields on its lines, added to those it is already done with. */
export function withLogFields<T>(fields: LogFields, work: () => T): T {
  return current.run({ ...current.getStore(), ...fields }, work);
}

/** Does the work with no fields: for what outlives the target that first needed it, as a browser does. */
export function withoutLogFields<T>(work: () => T): T {
  return current.run({}, work);
}

export function logFields(): LogFields {
  return current.getStore() ?? {};
}
