import { readdirSync, readFileSync } from "node:fs";
import swcVisitor from "@swc/core/Visitor.js";

// swc's visitor is older than `using`, and stops at it; what it declares is visited as any other declaration.
const visitStatement = swcVisitor.Visitor.prototype.visitStatement;
swcVisitor.Visitor.prototype.visitStatement = function visitAnyStatement(statement) {
  if (statement.type !== "UsingDeclaration") return visitStatement.call(this, statement);
  statement.decls = this.visitVariableDeclarators(statement.decls);
  return statement;
};

// The arrows between the folders as rules: packages never import services, every folder has one door.
const packageMayImport = {
  contracts: [],
  logging: ["contracts"],
  pricing: ["contracts"],
  sources: ["contracts", "pricing"],
  database: ["contracts", "logging"],
  queue: ["contracts", "logging"],
  fetching: ["contracts", "logging"],
  kubernetes: ["contracts", "logging"],
  feeds: ["contracts", "logging"],
  catalog: [],
  likeness: ["contracts"],
};

const arrows = Object.entries(packageMayImport).map(([name, allowed]) => ({
  name: `${name}-imports-only-${["itself", ...allowed].join("-")}`,
  severity: "error",
  from: { path: `^packages/${name}/`, pathNot: "[.]test[.]ts$" },
  to: { path: "^(packages|services|scripts|test)/", pathNot: `^packages/(${[name, ...allowed].join("|")})/` },
}));

// npm links every workspace for everybody, and the cruiser takes such a link for a file of the importer's own.
const declaredWorkspaces = ["packages", "services"].flatMap((room) =>
  readdirSync(room).map((name) => {
    const { dependencies = {} } = JSON.parse(readFileSync(`${room}/${name}/package.json`, "utf8"));
    const declared = Object.keys(dependencies).flatMap(
      (dependency) => dependency.split("@pricefleet/")[1] ?? [],
    );
    return {
      name: `${name}-declares-the-workspaces-it-imports`,
      severity: "error",
      from: { path: `^${room}/${name}/`, pathNot: "[.]test[.]ts$" },
      to: { path: "^packages/", pathNot: `^packages/(${[name, ...declared].join("|")})/` },
    };
  }),
);

export default {
  forbidden: [
    ...arrows,
    ...declaredWorkspaces,
    {
      name: "services-do-not-import-each-other",
      severity: "error",
      from: { path: "^services/([^/]+)/" },
      to: { path: "^services/", pathNot: "^services/$1/" },
    },
    {
      name: "shipped-code-does-not-import-tests-or-scripts",
      severity: "error",
      from: { path: "^(packages|services)/", pathNot: "[.]test[.]ts$" },
      to: { path: "^(scripts|test|bench)/" },
    },
    {
      name: "a-package-is-entered-by-its-index",
      severity: "error",
      from: { path: "^(packages|services|scripts|bench)/([^/]+)" },
      to: { path: "^packages/([^/]+)/", pathNot: ["^packages/[^/]+/index[.]ts$", "^packages/$2/"] },
    },
    {
      name: "a-test-enters-a-package-by-its-index-or-its-test-support",
      severity: "error",
      from: { path: "^test/" },
      to: { path: "^packages/([^/]+)/", pathNot: "^packages/[^/]+/(index[.]ts$|test-support/)" },
    },
    {
      name: "a-site-does-not-import-another-site",
      severity: "error",
      from: { path: "^packages/sources/([^/]+)/" },
      to: {
        path: "^packages/sources/([^/]+)/",
        pathNot: ["^packages/sources/$1/", "^packages/sources/reading/", "node_modules"],
      },
    },
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "only-declared-dependencies",
      severity: "error",
      from: { path: "^(packages|services)/", pathNot: "([.]test[.]ts$|/test-support/)" },
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown", "npm-dev"] },
    },
    { name: "imports-resolve", severity: "error", from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    parser: "swc",
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^[.]local|coverage" },
    combinedDependencies: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default"],
      extensions: [".ts", ".js", ".mjs"],
    },
  },
};
