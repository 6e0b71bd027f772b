import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const cruiser = join(root, "node_modules/.bin/depcruise");
const rules = join(root, ".dependency-cruiser.mjs");
let folder = "";

/** A small tree with one wrong import for each arrow. */
const files = {
  "packages/contracts/index.ts": 'import "@pricefleet/logging";',
  "packages/logging/index.ts": 'import "../../services/worker/main.ts";',
  "packages/queue/index.ts": 'import "./belt.ts";',
  "packages/queue/belt.ts": 'import "./index.ts"; import "./nowhere.ts";',
  "packages/sources/ebay/index.ts": 'import "../sample/index.ts"; import "../reading/index.ts";',
  "packages/sources/sample/index.ts": "export const sample = 1;",
  "packages/sources/reading/index.ts": "export const reading = 1;",
  "services/worker/main.ts": 'import "../../packages/queue/belt.ts"; import "../../scripts/up.ts";',
  "services/api/main.ts":
    'import "../worker/main.ts"; import "@pricefleet/queue"; import "kysely"; import "vitest";',
  "scripts/up.ts": "export const up = 1;",
};
const workspaces = ["contracts", "logging", "queue", "sources"];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "boundaries-"));
  for (const [path, code] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), `${code}\n`);
  }
  writeFileSync(join(folder, "package.json"), '{ "devDependencies": { "vitest": "*" } }');
  mkdirSync(join(folder, "node_modules/@pricefleet"), { recursive: true });
  for (const name of ["kysely", "vitest"])
    symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
  for (const name of workspaces)
    symlinkSync(join(folder, "packages", name), join(folder, "node_modules/@pricefleet", name));
  for (const place of [...workspaces.map((name) => `packages/${name}`), "services/api"])
    writeFileSync(join(folder, place, "package.json"), '{ "exports": "./index.ts" }');
  writeFileSync(
    join(folder, "services/worker/package.json"),
    '{ "dependencies": { "@pricefleet/queue": "*" } }',
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

test("an import against the arrows fails the check, and nothing else does", () => {
  const { stdout } = spawnSync(
    process.execPath,
    [cruiser, "--config", rules, "--output-type", "json", "packages", "services", "scripts"],
    { cwd: folder, encoding: "utf8" },
  );
  const { summary } = JSON.parse(stdout) as {
    summary: { violations: { rule: { name: string }; from: string }[] };
  };
  const violations = new Set(summary.violations.map(({ rule, from }) => `${from} ${rule.name}`));
  expect([...violations].toSorted()).toEqual([
    "packages/contracts/index.ts contracts-declares-the-workspaces-it-imports",
    "packages/contracts/index.ts contracts-imports-only-itself",
    "packages/logging/index.ts logging-imports-only-itself-contracts",
    "packages/queue/belt.ts imports-resolve",
    "packages/queue/belt.ts no-cycles",
    "packages/sources/ebay/index.ts a-site-does-not-import-another-site",
    "services/api/main.ts api-declares-the-workspaces-it-imports",
    "services/api/main.ts only-declared-dependencies",
    "services/api/main.ts services-do-not-import-each-other",
    "services/worker/main.ts a-package-is-entered-by-its-index",
    "services/worker/main.ts shipped-code-does-not-import-tests-or-scripts",
  ]);
});
