import { describe, expect, it } from "vitest";
import { countResults } from "./test-report.ts";

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((test) => ({ status: test })),
});

describe("the closing line of make test", () => {
  it("every test is counted once, and todo counts as skipped", () => {
    const report = {
      testResults: [file("passed", "passed", "passed", "skipped"), file("failed", "failed", "todo")],
    };
    expect(countResults(report, 1)).toEqual({ passed: 2, failed: 1, skipped: 2 });
  });

  it("a file that cannot be loaded is a failure", () => {
    const report = { testResults: [file("passed", "passed"), file("failed")] };
    expect(countResults(report, 1)).toEqual({ passed: 1, failed: 1, skipped: 0 });
  });

  it("a run without tests is a failure, though vitest ends well", () => {
    expect(countResults({ testResults: [] }, 0)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });

  it("an unhandled error is a failure, though every test passed", () => {
    expect(countResults({ testResults: [file("passed", "passed")] }, 1)).toMatchObject({ failed: 1 });
  });

  it("a run that had to be killed is a failure", () => {
    expect(countResults({ testResults: [file("passed", "passed")] }, null)).toMatchObject({ failed: 1 });
  });
});
