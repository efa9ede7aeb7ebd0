import { defineConfig } from '../../tests/Web.Tests/test';
import tests from '../../tests/Web.Tests/playwright.config';

/** One after the other: each measures a machine of its own. */
export default defineConfig(tests, {
  testDir: '.',
  testMatch: '*.bench.ts',
  outputDir: '../../tests/Web.Tests/results',
  workers: 1,
  timeout: 900_000,
  reporter: [['../../bench/Web/figures.ts']],
});
