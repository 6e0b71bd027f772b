// npm run dump-schema writes packages/database/schema.sql and schema-types.ts from a freshly migrated database; with
// --check it compares them with what is there.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureRoles, generateRolePasswords, migrateToLatest } from "@pricefleet/database";
import { normaliseDump } from "./normalise-dump.ts";
import { findPostgres, installServerPackages, makeThrowawayFolder, startPostgres } from "./servers/index.ts";

const root = join(import.meta.dirname, "..");
const schemaFile = "packages/database/schema.sql";
const typesFile = "packages/database/schema-types.ts";

installServerPackages(["postgres"], (line) => console.error(line));
const binFolder = findPostgres() ?? "";
// pg_dump of another major version writes other words for the same schema.
const title = `-- Made by "npm run dump-schema" with PostgreSQL ${majorVersion(binFolder)}. Do not edit.\n`;
const { schema, types } = await describeMigratedSchema(binFolder);

if (!process.argv.includes("--check")) {
  writeFileSync(join(root, schemaFile), title + schema);
  writeFileSync(join(root, typesFile), types);
  console.log(`wrote ${schemaFile} and ${typesFile}`);
} else {
  compare(typesFile, types);
  if (committedText(schemaFile)?.startsWith(title) ?? true) compare(schemaFile, title + schema);
  else console.log(`not compared: this machine's PostgreSQL is not the version ${schemaFile} was made with`);
}

function compare(file: string, current: string): void {
  const committed = committedText(file);
  if (committed === null) fail(`${file} is missing`);
  else if (committed === current) console.log(`${file} is what the migrations make`);
  else fail(`${file} is not what the migrations make:\n${firstDifference(committed, current)}`);
}

function committedText(file: string): string | null {
  const path = join(root, file);
  return existsSync(path) ? readFileSync(path, "utf8") : null;
}

function fail(message: string): void {
  console.error(`${message}\nRun: npm run dump-schema`);
  process.exitCode = 1;
}

async function describeMigratedSchema(binFolder: string): Promise<{ schema: string; types: string }> {
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
    return { schema: normaliseDump(dump), types: generateTypes(ownerUrl, join(folder, "schema-types.ts")) };
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

/** By kysely-codegen, but for the name of the whole, and formatted as everything here. */
function generateTypes(ownerUrl: string, outFile: string): string {
  const tool = (name: string) => join(root, "node_modules/.bin", name);
  execFileSync(
    tool("kysely-codegen"),
    [
      "--dialect=postgres",
      `--url=${ownerUrl}`,
      "--default-schema=price_tracker",
      "--include-pattern=price_tracker.*",
      "--exclude-pattern=price_tracker.(kysely_migration*|price_observations_*)",
      `--out-file=${outFile}`,
    ],
    { stdio: ["ignore", "ignore", "inherit"], timeout: 60_000 },
  );
  const source = readFileSync(outFile, "utf8").replace("export interface DB {", "export interface Schema {");
  return execFileSync(tool("biome"), ["format", `--stdin-file-path=${typesFile}`], {
    cwd: root,
    input: source,
    encoding: "utf8",
    timeout: 60_000,
  });
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
