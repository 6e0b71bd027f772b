// node scripts/kubernetes/crd-schemas.ts ORIGIN FILE...: writes test/kubernetes/schemas/ from the CustomResourceDefinitions
// in FILEs of ORIGIN, as kubeconform reads them: strict, and without the prose. They are taken from the Go modules
// github.com/kedacore/keda/v2 (config/crd/bases: keda.sh_scaledobjects.yaml, keda.sh_triggerauthentications.yaml) and
// github.com/prometheus-operator/prometheus-operator (example/prometheus-operator-crd: servicemonitors, prometheusrules).
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

interface Schema {
  type?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  oneOf?: Schema[];
  enum?: unknown[];
  required?: string[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  "x-kubernetes-int-or-string"?: boolean;
  "x-kubernetes-preserve-unknown-fields"?: boolean;
}

interface Definition {
  spec: {
    group: string;
    names: { kind: string };
    versions: { name: string; storage: boolean; schema: { openAPIV3Schema: Schema } }[];
  };
}

const kept = ["type", "enum", "required", "pattern", "minimum", "maximum", "minLength"] as const;
const folder = join(import.meta.dirname, "../../test/kubernetes/schemas");

/** A field that the definition does not know is an error, as it is not for the API server, which drops it silently. */
function strict(schema: Schema): Schema {
  if (schema["x-kubernetes-int-or-string"]) return { oneOf: [{ type: "string" }, { type: "integer" }] };
  const out: Schema = Object.fromEntries(
    kept.filter((key) => schema[key] !== undefined).map((key) => [key, schema[key]]),
  );
  if (schema.items) out.items = strict(schema.items);
  if (schema.properties) {
    out.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([name, property]) => [name, strict(property)]),
    );
    out.additionalProperties = schema["x-kubernetes-preserve-unknown-fields"] === true;
  }
  if (typeof schema.additionalProperties === "object")
    out.additionalProperties = strict(schema.additionalProperties);
  return out;
}

const [origin = "", ...files] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
for (const file of files) {
  const { spec } = parse(readFileSync(file, "utf8")) as Definition;
  const version = spec.versions.find(({ storage }) => storage);
  if (version === undefined) throw new Error(`${file} stores no version`);
  const schema = strict(version.schema.openAPIV3Schema);
  // What Kubernetes itself puts into every object is left to the API server.
  schema.properties = { ...schema.properties, metadata: { type: "object" } };
  const name = `${spec.names.kind}-${spec.group.split(".")[0]}-${version.name}.json`.toLowerCase();
  writeFileSync(
    join(folder, name),
    `${JSON.stringify({ $comment: `From ${origin} (Apache-2.0)`, ...schema })}\n`,
  );
  console.log(name);
}
