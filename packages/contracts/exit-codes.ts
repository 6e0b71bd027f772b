/** Why a Pricefleet process ended. docs/operations.md explains each to an operator; keep the two in step. */
export const ExitCode = {
  ok: 0,
  /** An error nobody expected; the last log line has it. */
  unexpected: 1,
  /** An environment variable is missing or wrong. Restarting does not help. */
  badEnvironment: 2,
  /** PostgreSQL could not be reached, or its schema is not the one needed, after all tries. */
  databaseUnavailable: 3,
  /** RabbitMQ could not be reached after all start-up tries. */
  queueUnavailable: 4,
  /** The collector could not finish its run: the site refused, or a page was not understood. */
  runFailed: 5,
  /** A port is taken by another program. */
  portTaken: 6,
  /** Stopped by a signal, but work in hand did not finish within the grace time; its lease brings it back. */
  drainTimedOut: 7,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** What a process ends with after an error that nobody caught: the error's own `exitCode`, if it has one. */
export function exitCodeOf(error: unknown): ExitCode {
  const code = error instanceof Error && "exitCode" in error ? error.exitCode : undefined;
  return Object.values(ExitCode).find((known) => known === code) ?? ExitCode.unexpected;
}

const exitCodeWords: Record<ExitCode, string> = {
  [ExitCode.ok]: "ended as it should",
  [ExitCode.unexpected]: "an error nobody expected",
  [ExitCode.badEnvironment]: "an environment variable is missing or wrong",
  [ExitCode.databaseUnavailable]: "PostgreSQL was not reached in 30 tries, has not the schema needed",
  [ExitCode.queueUnavailable]: "RabbitMQ was not reached in 30 tries",
  [ExitCode.runFailed]: "the collector could not finish its run",
  [ExitCode.portTaken]: "a port is taken",
  [ExitCode.drainTimedOut]: "stopped, but work in hand did not finish in time",
};

/** "exit code 2: an environment variable is missing or wrong". Of other programs' codes the number alone. */
export function describeExitCode(code: number): string {
  const known = Object.values(ExitCode).find((candidate) => candidate === code);
  return known === undefined ? `exit code ${code}` : `exit code ${code}: ${exitCodeWords[known]}`;
}
