// npm run dump-schema writes packages/database/schema.sql from a freshly migrated database; with --check it compares.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureRoles, generateRolePasswords, migrateToLatest } from "@pricefleet/database";
import { normaliseDump } from "./normalise-dump.ts";
import { findOrInstallPostgres, makeThrowawayFolder, startPostgres } from "./servers/index.ts";

const schemaFile = "packages/database/schema.sql";
const schemaPath = join(import.meta.dirname, "..", schemaFile);

const binFolder = findOrInstallPostgres((line) => console.error(line));
// pg_dump of another major version writes other words for the same schema.
const title = `-- Made by "npm run dump-schema" with PostgreSQL ${majorVersion(binFolder)}. Do not edit.\n`;
const current = title + (await dumpMigratedSchema(binFolder));

if (!process.argv.includes("--check")) {
  writeFileSync(schemaPath, current);
  console.log(`wrote ${schemaFile}`);
} else if (!existsSync(schemaPath)) {
  fail(`${schemaFile} is missing`);
} else {
  const committed = readFileSync(schemaPath, "utf8");
  if (!committed.startsWith(title)) {
    console.log(`not compared: this machine's PostgreSQL is not the version ${schemaFile} was made with`);
  } else if (committed === current) {
    console.log(`${schemaFile} is what the migrations make`);
  } else {
    fail(`${schemaFile} is not what the migrations make:\n${firstDifference(committed, current)}`);
  }
}

function fail(message: string): void {
  console.error(`${message}\nRun: npm run dump-schema`);
  process.exitCode = 1;
}

async function dumpMigratedSchema(binFolder: string): Promise<string> {
  const folder = makeThrowawayFolder();
  const server = await startPostgres({ dataDir: join(folder, "postgres"), fsync: false });
  try {
    const { ownerUrl } = await ensureRoles(server.adminUrl, generateRolePasswords());
    await migrateToLatest(ownerUrl);
    const dump = execFileSync(
      join(binFolder, "pg_dump"),
      // The month partitions depend on the day; what they inherit is in the parent.
      [
        "--schema-only",
        "--schema=price_tracker",
        "--exclude-table=price_tracker.*_[0-9][0-9][0-9][0-9]_[0-9][0-9]",
        ownerUrl,
      ],
      { encoding: "utf8", timeout: 60_000, maxBuffer: 64 * 1024 * 1024 },
    );
    return normaliseDump(dump);
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

function majorVersion(binFolder: string): string {
  const words = execFileSync(join(binFolder, "pg_dump"), ["--version"], { encoding: "utf8" });
  return /\(PostgreSQL\) (\d+)/.exec(words)?.[1] ?? words.trim();
}

function firstDifference(committed: string, current: string): string {
  const [old, fresh] = [committed.split("\n"), current.split("\n")];
  const line = fresh.findIndex((text, index) => text !== old[index]);
  const at = line === -1 ? fresh.length : line;
  return `line ${at + 1}\n  committed:  ${old[at] ?? "(end)"}\n  migrations: ${fresh[at] ?? "(end)"}`;
}
