import { spawnSync } from "node:child_process";
import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findTool } from "./tools.ts";
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

test.skipIf(findTool("kubectl") === null)(
  "make test-k8s stops before anything is built or changed, with that one message",
  () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), "kubeconfig-"));
    const kubeconfig = join(folder.path, "config");
    writeFileSync(
      kubeconfig,
      JSON.stringify({ apiVersion: "v1", kind: "Config", "current-context": "production" }),
    );
    const { status, stdout, stderr } = spawnSync(process.execPath, ["scripts/test-k8s.ts"], {
      cwd: join(import.meta.dirname, "../.."),
      encoding: "utf8",
      // The second is what the test cluster's own kubectl goes by.
      env: { ...process.env, KUBECONFIG: kubeconfig, PRICEFLEET_KUBECONFIG: kubeconfig, ALLOW_CONTEXT: "" },
    });
    expect(status).toBe(1);
    expect(stdout).toBe("");
    expect(stderr.trim().split("\n")).toEqual([
      expect.stringMatching(/^The kube context is "production".*ALLOW_CONTEXT=production make test-k8s$/),
    ]);
  },
);
