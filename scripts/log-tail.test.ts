import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { LogTail } from "./log-tail.ts";

it("each whole line of a growing log is given once, and a half one when it is whole", () => {
  const folder = mkdtempSync(join(tmpdir(), "log-tail-"));
  const file = join(folder, "x.log");
  const tail = new LogTail(file);
  expect(tail.newLines()).toEqual([]);
  appendFileSync(file, "one\ntw");
  expect(tail.newLines()).toEqual(["one"]);
  appendFileSync(file, "o\nthree\n");
  expect(tail.newLines()).toEqual(["two", "three"]);
  expect(tail.newLines()).toEqual([]);
  rmSync(folder, { recursive: true });
});
