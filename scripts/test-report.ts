/** The part of vitest's JSON report that is read here. */
export interface TestReport {
  testResults: { status: string; assertionResults: { status: string }[] }[];
}

export interface TestCounts {
  passed: number;
  failed: number;
  skipped: number;
}

/**
 * Counts tests, and as one failure each: a file that failed outside its tests, a run in which nothing passed or
 * failed, and a run that vitest itself calls failed (an unhandled error) though every test passed.
 */
export function countResults(report: TestReport, exitCode: number | null): TestCounts {
  const statuses = report.testResults.flatMap((file) => file.assertionResults.map((test) => test.status));
  const passed = statuses.filter((status) => status === "passed").length;
  const failedTests = statuses.filter((status) => status === "failed").length;
  const failedFiles = report.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
  ).length;
  const skipped = statuses.length - passed - failedTests;
  const failed = failedTests + failedFiles;
  const failedOtherwise = failed === 0 && (exitCode !== 0 || passed === 0);
  return { passed, failed: failed + (failedOtherwise ? 1 : 0), skipped };
}
