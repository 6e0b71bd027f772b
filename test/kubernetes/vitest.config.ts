import { defineConfig } from "vitest/config";

/** Only for `make test-k8s`: these tests want a cluster of their own, one after the other. */
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ["*.cluster.ts"],
    globalSetup: "close-marketplace.ts",
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 120_000,
    bail: 1,
  },
});
