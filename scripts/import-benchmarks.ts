/**
 * npm run import-benchmarks -- FILE.csv [FILE.csv …] [--source NAME] [--date 2026-11-23]
 *
 * Stores scores of graphics cards: PassMark's and Geekbench's lists, or any with the columns model, benchmark, score
 * (source, date). A line that is wrong is told with its number, and the others go on; the exit code is 1 then. Without
 * DATABASE_URL it is the book of what `make up` started.
 */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { type BenchmarkList, readBenchmarks, UnknownListError } from "@pricefleet/catalog";
import { databaseUrl, ExitCode, messageOf } from "@pricefleet/contracts";
import { connectDatabase, type Database, isRetryable, storeBenchmarkScores } from "@pricefleet/database";
import { createLogger } from "@pricefleet/logging";
import { findRunningStack } from "./running-stack.ts";

const usage = "usage: npm run import-benchmarks -- FILE.csv [FILE.csv …] [--source NAME] [--date 2026-11-23]";
/** A mebibyte is thirty thousand cards. */
const LARGEST_FILE_BYTES = 64 * 1024 * 1024;
const AT_ONCE = 5_000;

process.exitCode = await main();

async function main(): Promise<number> {
  const order = orderOf(process.argv.slice(2));
  if (order === null) return ExitCode.badEnvironment;
  const url = databaseUrl.safeParse(
    process.env["DATABASE_URL"] ?? findRunningStack()?.workerEnvironment["DATABASE_URL"],
  );
  if (!url.success) {
    console.error(
      "DATABASE_URL should be where the book is, such as postgres://user:password@host/pricefleet; or start it with make up",
    );
    return ExitCode.badEnvironment;
  }
  try {
    const logger = createLogger({ service: "import-benchmarks", level: "warn", format: "console" });
    const db = await connectDatabase({
      url: url.data,
      poolMax: 1,
      name: "import-benchmarks",
      logger,
      startUpTries: 3,
    });
    try {
      let isAllRead = true;
      for (const file of order.files) if (!(await importFile(db, file, order))) isAllRead = false;
      return isAllRead ? ExitCode.ok : ExitCode.unexpected;
    } finally {
      await db.destroy();
    }
  } catch (error) {
    console.error(messageOf(error));
    return isRetryable(error) ? ExitCode.databaseUnavailable : ExitCode.unexpected;
  }
}

interface Order {
  files: string[];
  source: string | undefined;
  date: string | undefined;
}

function orderOf(given: string[]): Order | null {
  try {
    const text = { type: "string" } as const;
    const { values, positionals } = parseArgs({
      args: given,
      options: { source: text, date: text },
      allowPositionals: true,
    });
    const { source, date } = values;
    if (date !== undefined && (!/^\d{4}-\d\d-\d\d$/.test(date) || Number.isNaN(Date.parse(date))))
      throw new Error("--date should be a day such as 2026-11-23");
    if (positionals.length === 0) throw new Error("FILE.csv should be at least one file with scores");
    return { files: positionals, source, date };
  } catch (error) {
    console.error(`${messageOf(error)}\n${usage}`);
    return null;
  }
}

/** @returns whether all of it was read. */
async function importFile(db: Database, file: string, { source, date }: Order): Promise<boolean> {
  const list = listIn(file);
  if (list === null) return false;
  const { scores, problems, repeated } = list;
  const today = new Date().toISOString().slice(0, 10);
  let changed = 0;
  for (let from = 0; from < scores.length; from += AT_ONCE) {
    changed += await storeBenchmarkScores(
      db,
      scores.slice(from, from + AT_ONCE).map((score) => ({
        ...score,
        source: source ?? score.source ?? basename(file),
        measuredOn: date ?? score.measuredOn ?? today,
      })),
    );
  }
  for (const { line, message } of problems.toSorted((a, b) => a.line - b.line))
    console.error(`${file}:${line}: ${message}`);
  const models = new Set(scores.map(({ model }) => model)).size;
  console.log(`${file}: ${scores.length} scores of ${models} models, ${changed} of them new or changed`);
  if (repeated > 0) console.log(`${file}: ${repeated} said again of the same model were left out`);
  return problems.length === 0;
}

/** Null: it cannot be read, which is told. */
function listIn(file: string): BenchmarkList | null {
  try {
    const bytes = readFileSync(file);
    if (bytes.length > LARGEST_FILE_BYTES) {
      console.error(`${file}: should be a list of scores of at most ${LARGEST_FILE_BYTES / 2 ** 20} MiB`);
      return null;
    }
    return readBenchmarks(bytes.toString("utf8"));
  } catch (error) {
    const isFileFault = error instanceof Error && "syscall" in error;
    if (!(error instanceof UnknownListError) && !isFileFault) throw error;
    console.error(`${file}: ${messageOf(error)}`);
    return null;
  }
}
