import { readFileSync } from "node:fs";
import type * as SentryModule from "@sentry/node";
import { ExitCode, exitCodeOf, PricefleetError } from "@pricefleet/contracts";
import { logFields } from "./log-fields.ts";
import { scrubReport } from "./scrub-report.ts";

/** What every service reads from its environment for its reports to Sentry. */
export interface ErrorReportsEnvironment {
  SENTRY_DSN?: string | undefined;
  SENTRY_ENVIRONMENT?: string | undefined;
  SENTRY_TRACES_SAMPLE_RATE: number;
  ENVIRONMENT: string;
}

type Sentry = typeof SentryModule;

const FLUSH_MS = 2_000;
/** One for the process, as Sentry itself is; null without SENTRY_DSN, and then its 60 modules are not even loaded. */
let sentry: Sentry | null = null;

/** From here on unexpected errors are reported, if SENTRY_DSN is set. */
export async function startErrorReports(env: ErrorReportsEnvironment, service: string): Promise<void> {
  if (env.SENTRY_DSN === undefined) return;
  const loaded = await import("@sentry/node");
  loaded.init({
    dsn: env.SENTRY_DSN,
    environment: env.SENTRY_ENVIRONMENT ?? env.ENVIRONMENT,
    release: `pricefleet@${releaseOfThisCode()}`,
    initialScope: { tags: { service } },
    tracesSampleRate: env.SENTRY_TRACES_SAMPLE_RATE,
    // Whole transactions, for spans sent one by one would go past beforeSendTransaction.
    traceLifecycle: "static",
    // The others watch requests: they would add addresses and headers to reports, and Sentry's headers to what is sent
    // to sites. Crashes are run-service's, which logs them too.
    defaultIntegrations: false,
    integrations: [
      loaded.linkedErrorsIntegration(),
      loaded.dedupeIntegration(),
      loaded.nodeContextIntegration(),
    ],
    enableRuntimeChannelInjection: false,
    sendClientReports: false,
    beforeSend: scrubReport,
    beforeSendTransaction: scrubReport,
  });
  sentry = loaded;
}

/**
 * Reports an error that nobody foresaw, with the ids of the work in hand. Expected ones are part of the work, and those
 * with an exit code of their own are the operator's to mend: neither is reported.
 */
export function reportUnexpected(error: unknown): void {
  if (sentry === null || error instanceof PricefleetError || exitCodeOf(error) !== ExitCode.unexpected)
    return;
  const { captureException, withScope } = sentry;
  withScope((scope) => {
    for (const [tag, value] of Object.entries(logFields())) {
      if (typeof value === "string") scope.setTag(tag, value);
    }
    captureException(error);
  });
}

/** Does the work as a transaction of Sentry's, for SENTRY_TRACES_SAMPLE_RATE of all; without SENTRY_DSN just does it. */
export function traced<T>(name: string, work: () => Promise<T>): Promise<T> {
  if (sentry === null) return work();
  return sentry.startSpan({ name, op: name, forceTransaction: true }, work);
}

/** Before a process ends: what is reported has two seconds to leave. */
export async function flushErrorReports(): Promise<void> {
  await sentry?.flush(FLUSH_MS);
}

function releaseOfThisCode(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
