import type { Reporter, TestCase, TestModule } from "vitest/node";

declare module "vitest" {
  interface TaskMeta {
    /** What came of a run, for the line about it. */
    account?: string;
  }
}

const counts = { passed: 0, failed: 0, skipped: 0 };

/** One line a fault, with what went wrong below it, and the counts at the end. */
export class LineReporter implements Reporter {
  onTestCaseResult(test: TestCase): void {
    const { state, errors } = test.result();
    if (state === "pending") return;
    counts[state]++;
    const seconds = Math.round((test.diagnostic()?.duration ?? 0) / 1_000);
    const { note = "" } = test.result() as { note?: string };
    const more = test.meta().account ?? note;
    say(`${test.name.padEnd(24)} ${state.padEnd(8)} ${String(seconds).padStart(5)} s  ${more}`);
    for (const error of errors ?? []) say(indented(describe(error)));
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly { message: string }[]): void {
    const otherwise = [...modules.flatMap((module) => module.errors()), ...unhandled];
    for (const error of otherwise) say(indented(error.message));
    const failed = counts.failed + otherwise.length;
    say(`${counts.passed} passed, ${failed} failed, ${counts.skipped} skipped`);
  }
}

function describe(error: { message: string; diff?: string; cause?: unknown }): string {
  const cause = error.cause as { message?: string } | undefined;
  return [error.message, error.diff, cause?.message].filter((text) => text !== undefined).join("\n");
}

const indented = (text: string) => text.replaceAll(/^/gm, "    ");

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
