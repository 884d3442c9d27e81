import type { Reporter, TestCase } from 'vitest/node';

/** Names what was skipped in the closing lines: a test that did not run must not look like one that passed. */
export default class SkippedReporter implements Reporter {
  readonly #skipped: string[] = [];

  onTestCaseResult(test: TestCase): void {
    const wantsTool = test.name.includes('(needs ');
    if (wantsTool && test.result().state === 'skipped') this.#skipped.push(test.fullName);
  }

  onTestRunEnd(): void {
    if (this.#skipped.length === 0) return;
    process.stdout.write(
      `\nSkipped for want of a tool:\n${this.#skipped.map((name) => `  ${name}\n`).join('')}`,
    );
    if (process.env['PACKPROBE_TEST_ALL_TOOLS'] === '1') process.exitCode = 1;
  }
}
