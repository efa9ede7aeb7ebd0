import type { Reporter, TestCase, TestResult } from '../../tests/Web.Tests/node_modules/@playwright/test/reporter';

/** Prints what each case measured, and why one failed. */
export default class Figures implements Reporter {
  onTestBegin(test: TestCase): void {
    console.log(`\n${test.title}`);
  }

  onTestEnd(_: TestCase, { annotations, errors }: TestResult): void {
    for (const { type, description } of annotations) console.log(`  ${type}: ${description}`);
    for (const { message } of errors) console.log(`  failed: ${message}`);
  }
}
