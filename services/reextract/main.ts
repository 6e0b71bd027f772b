import {
  baseCurrency,
  databaseUrl,
  ExitCode,
  readEnvironment,
  sharedEnvironment,
} from "@pricefleet/contracts";
import { connectDatabase } from "@pricefleet/database";
import { createSnapshotStore, keptPagesEnvironment } from "@pricefleet/fetching";
import { createServiceLogger, runService } from "@pricefleet/logging";
import { createSources, sourcesEnvironment, sourcesOptions } from "@pricefleet/sources";
import { type ReextractArguments, readArguments, UsageError } from "./arguments.ts";
import { type PageReport, rereadPages } from "./reread-pages.ts";

/**
 * Reads kept pages again and prints what would change: a JSON line for each page that gives something else than what is
 * stored, and a last line that counts them all. With --apply it is stored.
 */
const order = argumentsOrExit();
const env = readEnvironment(
  sharedEnvironment.extend({
    ...keptPagesEnvironment.shape,
    ...sourcesEnvironment.shape,
    DATABASE_URL: databaseUrl,
    BASE_CURRENCY: baseCurrency,
  }),
);
const logger = createServiceLogger(env, "reextract");

process.exitCode = await runService("reextract", env, logger, run);

async function run(): Promise<ExitCode> {
  const db = await connectDatabase({ url: env.DATABASE_URL, poolMax: 2, name: "reextract", logger });
  try {
    const means = {
      db,
      snapshots: createSnapshotStore(env.SNAPSHOT_DIR),
      sources: createSources(sourcesOptions(env)),
      baseCurrency: env.BASE_CURRENCY,
    };
    const counts: Partial<Record<PageReport["outcome"], number>> = {};
    let pages = 0;
    for await (const report of rereadPages(order, means)) {
      pages += 1;
      counts[report.outcome] = (counts[report.outcome] ?? 0) + 1;
      if (report.outcome !== "unchanged") print(report);
    }
    print({ summary: { applied: order.apply, pages, ...counts } });
    return ExitCode.ok;
  } finally {
    await db.destroy();
  }
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function argumentsOrExit(): ReextractArguments {
  try {
    return readArguments(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return process.exit(ExitCode.badEnvironment);
  }
}
