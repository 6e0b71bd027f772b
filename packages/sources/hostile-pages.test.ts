import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";

const MOST_MEMORY_MB = 300;

interface Line {
  name: string;
  states: { url: string; state: string; reason: string | null }[];
  peakMb: number;
}

test(`pages of 8 MB made to hurt end in a state with a reason at every source, in under ${MOST_MEMORY_MB} MB`, {
  timeout: 180_000,
}, async () => {
  const file = join(import.meta.dirname, "test-support/read-hostile-pages.ts");
  const child = spawn(process.execPath, [file], { stdio: ["ignore", "pipe", "inherit"] });
  const [output, [exitCode]] = await Promise.all([text(child.stdout), once(child, "close")]);
  expect(exitCode).toBe(0);

  const lines = output
    .trim()
    .split("\n")
    .map((line): Line => JSON.parse(line));
  expect(lines).toHaveLength(17);
  for (const { name, states } of lines) {
    for (const { url, state, reason } of states) {
      expect([name, url, state]).toEqual([name, url, "changed"]);
      expect(reason).toMatch(/\w/);
    }
  }
  expect(Math.max(...lines.map(({ peakMb }) => peakMb))).toBeLessThan(MOST_MEMORY_MB);
});
