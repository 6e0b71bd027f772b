import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { describeExitCode, ExitCode } from "./exit-codes.ts";

const operations = readFileSync(join(import.meta.dirname, "../../docs/operations.md"), "utf8");

test.each(Object.values(ExitCode))(
  "exit code %i has the words that docs/operations.md has for it",
  (code) => {
    const [, words = ""] = describeExitCode(code).split(": ");
    expect(words).not.toBe("");
    expect(operations).toContain(`| ${code} | ${words}`);
  },
);

test("a code of another program's is a number", () => {
  expect(describeExitCode(137)).toBe("exit code 137");
});
