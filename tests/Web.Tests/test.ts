import { test as base, type BrowserContextOptions, type Page } from '@playwright/test';
import { Account } from './account';
import { StartMaxMs, Veza } from './veza';
import { Watch } from './watch';

export { defineConfig, expect, type CDPSession, type Locator, type Page } from '@playwright/test';

/** A person at a browser of their own, signed in. */
export interface Person {
  readonly account: Account;
  readonly page: Page;
}

interface PersonOptions extends BrowserContextOptions {
  /** Whose browser it is; a new account without it. */
  readonly account?: Account;
  /** The address of a `Line`, for a browser that loses its network. */
  readonly at?: string;
}

interface Fixtures {
  /** Fails the test for errors that it did not expect. */
  readonly watch: Watch;
  /** Opens one more browser. Its name is the beginning of the account's. */
  readonly person: (name: string, options?: PersonOptions) => Promise<Person>;
}

interface WorkerFixtures {
  /** The worker's Veza. A test may kill it, and starts it again. */
  readonly veza: Veza;
}

export const test = base.extend<Fixtures, WorkerFixtures>({
  veza: [
    async ({}, use) => {
      const veza = await Veza.start();
      await use(veza);
      await veza.remove();
    },
    { scope: 'worker', timeout: 2 * StartMaxMs },
  ],

  baseURL: async ({ veza }, use) => use(veza.address),

  watch: [
    async ({ veza }, use, info) => {
      const watch = new Watch();
      await use(watch);
      if (info.status !== info.expectedStatus) await info.attach('veza', { body: veza.output });
      if (watch.problems.length > 0) throw new Error(`errors in the page:\n${watch.problems.join('\n')}`);
    },
    { auto: true },
  ],

  // The browser of a test that does without a person: not signed in.
  context: async ({ context, watch }, use) => {
    await watch.over(context);
    await use(context);
  },

  person: async ({ browser, veza, watch, contextOptions }, use) => {
    const opened: { close(): Promise<void> }[] = [];
    await use(async (name, { account: known, at = veza.address, ...options } = {}) => {
      const account = known ?? (await Account.register(veza.address, name));
      const context = await browser.newContext({
        ...contextOptions,
        baseURL: at,
        storageState: account.storage(at),
        ...options,
      });
      opened.push(context);
      await watch.over(context);
      return { account, page: await context.newPage() };
    });
    await Promise.all(opened.map(context => context.close()));
  },
});
