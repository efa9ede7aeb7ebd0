import { randomUUID } from 'node:crypto';
import { Conversation } from './conversation';
import { expect, test, type Locator, type Page } from './test';

/** More than any screen has before what is looked for. */
const TabsMax = 60;

/** Goes there with the Tab key, as a person without a mouse does. */
async function tabTo(page: Page, wanted: Locator): Promise<void> {
  await expect(wanted).toBeVisible();
  for (let tabs = 0; tabs < TabsMax; tabs++) {
    if (await wanted.evaluate(element => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`${wanted.toString()} is not reached by ${TabsMax} tabs`);
}

test('a stranger comes from registering to a first message by the keyboard alone', async ({ page }) => {
  const fill = async (wanted: Locator, text: string): Promise<void> => {
    await tabTo(page, wanted);
    await page.keyboard.type(text);
  };
  const userName = `eva_${randomUUID().slice(0, 6)}`;
  await page.goto('/');
  await tabTo(page, page.getByRole('link', { name: 'Create account' }));
  await page.keyboard.press('Enter');
  await fill(page.getByRole('textbox', { name: 'User name' }), userName);
  await fill(page.getByRole('textbox', { name: 'E-mail' }), `${userName}@example.org`);
  await fill(page.getByLabel('Password', { exact: true }), 'correct horse battery');
  await page.keyboard.press('Enter');

  await tabTo(page, page.getByRole('link', { name: /^Start a conversation/ }));
  await page.keyboard.press('Enter');
  await fill(page.getByRole('textbox', { name: 'Name', exact: true }), 'Vinyl diggers');
  await page.keyboard.press('Enter');

  const conversation = new Conversation(page);
  await tabTo(page, conversation.field);
  await page.keyboard.type('Hello, is there anybody?');
  await page.keyboard.press('Enter');
  await expect(conversation.message('Hello, is there anybody?')).toBeVisible();
});
