import tests from '../../tests/Web.Tests/playwright.config';
import { defineConfig } from '../../tests/Web.Tests/test';

export default defineConfig(tests, {
  testDir: '.',
  testMatch: 'page.ts',
  outputDir: '../../tests/Web.Tests/results',
  workers: 1,
  timeout: 900_000,
});
