import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    globalSetup: "./test/harness/global-setup.ts",
    include: ["packages/**/*.test.ts", "services/**/*.test.ts", "scripts/**/*.test.ts", "test/**/*.test.ts"],
    // Two processes: CI has two cores, and PostgreSQL, RabbitMQ and Chromium want their share.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    coverage: {
      provider: "v8",
      include: ["packages/**/*.ts", "services/**/*.ts"],
      exclude: ["**/*.test.ts"],
      reporter: ["text-summary", "json-summary"],
    },
  },
});
