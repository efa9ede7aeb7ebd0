import type { BrowserContext } from '@playwright/test';

/** Collects what goes wrong in a test's pages: errors on the console, faults of scripts, violations of the policy. */
export class Watch {
  readonly #found: string[] = [];
  readonly #expected: RegExp[] = [];

  /** Errors that the test itself provokes, such as a request that is refused. */
  expect(...errors: RegExp[]): void {
    this.#expected.push(...errors);
  }

  /** What no test expected. */
  get problems(): string[] {
    return this.#found.filter(text => !this.#expected.some(expected => expected.test(text)));
  }

  async over(context: BrowserContext): Promise<void> {
    context.on('console', message => {
      if (message.type() !== 'error') return;
      this.#found.push(`${message.text()} (${message.location().url})`);
    });
    context.on('weberror', fault => this.#found.push(`uncaught: ${fault.error().stack ?? fault.error().message}`));
    await context.addInitScript(() => {
      addEventListener('securitypolicyviolation', violation => {
        const { effectiveDirective, blockedURI, sourceFile, lineNumber } = violation;
        console.error(`policy: ${effectiveDirective} refused ${blockedURI} at ${sourceFile}:${lineNumber}`);
      });
    });
  }
}
