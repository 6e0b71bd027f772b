/**
 * The SQLSTATEs that are worth another try: the statement was sound, the moment was not.
 * Source: PostgreSQL manual, appendix A "PostgreSQL Error Codes".
 */
const retryableSqlStates = new Map([
  ["08000", "connection exception"],
  ["08001", "the client could not connect"],
  ["08003", "the connection does not exist"],
  ["08004", "the server rejected the connection"],
  ["08006", "connection failure"],
  ["25006", "read-only: the server is a standby during a failover"],
  ["40001", "serialization failure"],
  ["40P01", "deadlock detected"],
  ["53000", "insufficient resources"],
  ["53100", "disk full"],
  ["53200", "out of memory"],
  ["53300", "too many connections"],
  ["55P03", "lock not available in time"],
  ["57014", "statement cancelled by its timeout"],
  ["57P01", "the server is shutting down"],
  ["57P02", "another process of the server crashed"],
  ["57P03", "the server is starting up"],
  ["57P05", "idle session timeout"],
]);

/** What Node and pg say when the connection itself is gone; they carry no SQLSTATE. */
const retryableNodeCodes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EAI_AGAIN",
  "ENOTFOUND",
]);
const connectionLost =
  /connection terminated|timeout exceeded when trying to connect|client has encountered a connection error|connection timeout|query read timeout/i;

/** Would the same statement, sent again a little later, have a chance? */
export function isRetryable(error: unknown): boolean {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.every(isRetryable);
  if (!(error instanceof Error)) return false;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  return retryableSqlStates.has(code) || retryableNodeCodes.has(code) || connectionLost.test(error.message);
}

/** The SQLSTATE of an error, "" if it has none. */
export function sqlStateOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}
