import { expect, test } from "vitest";
import { requireTestContext } from "./test-cluster.ts";

test("clusters made for tests are used", () => {
  for (const context of ["pricefleet-test", "kind-prices", "k3d-a"]) {
    expect(() => requireTestContext(context, undefined)).not.toThrow();
  }
});

test("any other cluster is refused by name, with the way to allow it", () => {
  expect(() => requireTestContext("production", undefined)).toThrow(
    /kube context is "production".*ALLOW_CONTEXT=production make test-k8s/,
  );
  expect(() => requireTestContext("production", "staging")).toThrow('"production"');
});

test("a cluster that is named by ALLOW_CONTEXT is used", () => {
  expect(() => requireTestContext("microk8s", "microk8s")).not.toThrow();
});
