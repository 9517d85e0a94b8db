/** What came of a test suite, whatever runner it has. */
export interface SuiteResult {
  readonly suite: string;
  readonly passed: number;
  readonly skipped: number;
  /** One line per test that failed, and one where the suite itself ended badly. */
  readonly failures: readonly string[];
}

/** The sum of suites, as the closing lines say it; a run without any test is no success. */
export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export function totals(results: readonly SuiteResult[]): Totals {
  const sum = (count: (result: SuiteResult) => number) =>
    results.reduce((total, result) => total + count(result), 0);
  return {
    passed: sum(({ passed }) => passed),
    failed: sum(({ failures }) => failures.length),
    skipped: sum(({ skipped }) => skipped),
  };
}

/** True where tests ran and all of them passed. */
export function succeeded({ passed, failed }: Totals): boolean {
  return failed === 0 && passed > 0;
}
