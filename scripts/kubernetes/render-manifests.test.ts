import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { renderManifests } from "./render-manifests.ts";
import { findTool } from "./tools.ts";

const k8s = join(import.meta.dirname, "../../k8s");

describe.skipIf(findTool("helm") === null)("with helm", () => {
  test("k8s/ is what the chart renders (make manifests writes it)", () => {
    const committed = new Map(readdirSync(k8s).map((name) => [name, readFileSync(join(k8s, name), "utf8")]));
    expect(committed).toEqual(renderManifests());
  });
});

test("the namespace is applied before what lives in it, and no file is one that kubectl apply -f would stumble over", () => {
  const names = readdirSync(k8s).toSorted();
  expect(names.filter((name) => name.endsWith(".yaml"))[0]).toBe("00-namespace.yaml");
  expect(names.filter((name) => !name.endsWith(".yaml"))).toEqual(["Kustomization"]);
});
