import { defineConfig } from "vitest/config";
import { LineReporter } from "./line-reporter.ts";

/** Only for `make test-chaos`: each fault has servers of its own, one after the other. */
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ["*.chaos.ts"],
    fileParallelism: false,
    pool: "forks",
    reporters: [new LineReporter()],
  },
});
