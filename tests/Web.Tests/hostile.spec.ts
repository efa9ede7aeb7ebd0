import { Conversation } from './conversation';
import { hostile, hostileLines } from './hostile';
import { expectNoOverflow } from './looks';
import { expect, test, type Locator, type Page } from './test';

/** Anything that ran has left its mark. */
async function expectNothingRan(page: Page): Promise<void> {
  expect(await page.evaluate(() => (window as { broken?: unknown }).broken)).toBeUndefined();
}

/** A text may not paint over what is beside it, as stacked marks do. */
async function expectUntouched(neighbour: Locator, text: Locator): Promise<void> {
  const beside = await neighbour.screenshot({ animations: 'disabled' });
  await text.evaluate(element => element.style.setProperty('visibility', 'hidden'));
  const alone = await neighbour.screenshot({ animations: 'disabled' });
  await text.evaluate(element => element.style.removeProperty('visibility'));
  expect(beside.equals(alone), 'the text paints over its neighbour').toBe(true);
}

/** A picture of what is not in sight would scroll to it. */
const isWhollySeen = async (locator: Locator): Promise<boolean> =>
  (await locator.count()) > 0 &&
  (await locator.evaluate(element => {
    const { top, bottom, left } = element.getBoundingClientRect();
    const at = (y: number): boolean => element.contains(document.elementFromPoint(left + 1, y));
    return at(top + 1) && at(bottom - 1);
  }));

const sizes = [
  { width: 1280, height: 800 },
  { width: 390, height: 844 },
];
const kinds = Object.entries(hostile);
const half = Math.ceil(kinds.length / 2);

for (const some of [kinds.slice(0, half), kinds.slice(half)])
  test(`hostile messages break no layout: ${some.map(([kind]) => kind).join(', ')}`, async ({ person }) => {
    test.slow();
    const ana = await person('ana');
    const { page } = ana;
    for (const [kind, text] of some)
      await test.step(kind, async () => {
        const community = await ana.account.community(kind);
        const before = page.locator(`[data-message="${await ana.account.say(community.channelId, 'before it')}"]`);
        const message = page.locator(`[data-message="${await ana.account.say(community.channelId, text)}"]`);
        const behind = page.locator(`[data-message="${await ana.account.say(community.channelId, 'after it')}"]`);
        await Conversation.open(page, community);
        for (const size of sizes) {
          await page.setViewportSize(size);
          await expect(async () => {
            await page.getByRole('log').evaluate(log => (log.scrollTop = log.scrollHeight));
            await expect(behind).toBeInViewport({ timeout: 1_000 });
          }).toPass();
          await expect(message).toBeAttached();
          await expectNothingRan(page);
          await expectNoOverflow(page);
          expect(await message.locator('script, img, iframe, style, object, [onload], [onerror]').count()).toBe(0);
          for (const link of await message.locator('a').all())
            expect(await link.getAttribute('href')).toMatch(/^https?:/);
          await expectUntouched(behind, message);
          if (await isWhollySeen(before)) await expectUntouched(before, message);
        }
      });
  });

test('hostile names of communities and channels are text, and break no layout', async ({ person }) => {
  const ana = await person('ana');
  for (const name of hostileLines) {
    const community = await ana.account.community(name);
    await ana.account.post(`/api/v1/communities/${community.id}/channels`, { name: name.slice(0, 50) });
    await Conversation.open(ana.page, community);
    for (const size of sizes) {
      await ana.page.setViewportSize(size);
      await expectNothingRan(ana.page);
      await expectNoOverflow(ana.page);
    }
    await expect(ana.page.getByText(name.trim()).first()).toBeAttached();
  }
});
