import { Conversation } from './conversation';
import { expectAccessible, expectNoOverflow } from './looks';
import { expect, test, type Locator, type Page } from './test';

const pane = (page: Page): Locator => page.getByRole('navigation', { name: 'Channels' });
const linkOf = (page: Page, name: string): Locator => pane(page).getByRole('link', { name, exact: true });

/** The names of the channels, in their order. */
const listed = (page: Page): Locator => pane(page).getByRole('listitem');

async function expectWell(page: Page): Promise<void> {
  await expectAccessible(page);
  await expectNoOverflow(page);
}

async function act(page: Page, name: string, item: string): Promise<void> {
  await pane(page).getByRole('button', { name: `Manage ${name}`, exact: true }).click();
  await page.getByRole('menu', { name: `Manage ${name}` }).getByRole('menuitem', { name: item }).click();
}

test('a private channel in a category is made, changed, moved, shown and deleted', async ({ person, watch }) => {
  // What was read last of a channel is said when it closes, and then it is deleted already.
  watch.expect(/status of 404/);
  const [ann, bob] = [await person('ann'), await person('bob')];
  const place = await ann.account.community('Crew');
  await bob.account.put(`/api/v1/communities/${place.id}/members/me`);
  await Conversation.open(ann.page, place);
  await Conversation.open(bob.page, place);
  await expect(pane(bob.page).getByRole('button')).toHaveCount(0);

  await pane(ann.page).getByRole('button', { name: 'New channel', exact: true }).click();
  const maker = ann.page.getByRole('dialog', { name: 'Make a channel' });
  await maker.getByLabel('Kind').selectOption({ label: 'Category: holds other channels' });
  await expect(maker.getByLabel('Slow mode')).toHaveCount(0);
  await maker.getByLabel('Name', { exact: true }).fill('Studio');
  await expectWell(ann.page);
  await maker.getByRole('button', { name: 'Make it' }).click();
  const studio = (page: Page): Locator => pane(page).getByRole('button', { name: 'Studio', exact: true });
  await expect(studio(bob.page)).toHaveAttribute('aria-expanded', 'true');

  await pane(ann.page).getByRole('button', { name: 'New channel in Studio' }).click();
  await expect(maker.getByLabel('Category', { exact: true }).locator('option:checked')).toHaveText('Studio');
  await maker.getByLabel('Name', { exact: true }).fill('takes');
  await maker.getByRole('checkbox', { name: 'Private' }).check();
  await expectWell(ann.page);
  await maker.getByRole('button', { name: 'Make it' }).click();
  await expect(ann.page.getByRole('heading', { name: 'takes', exact: true })).toBeVisible();
  await expect(linkOf(ann.page, 'takes')).toHaveAttribute('aria-current', 'page');

  await act(ann.page, 'takes', 'Settings');
  const settings = ann.page.getByRole('dialog', { name: 'Settings of takes' });
  await expect(settings.getByRole('button', { name: 'Save' })).toBeDisabled();
  await settings.getByLabel('Name', { exact: true }).fill('outtakes');
  await settings.getByLabel('What it is about').fill('What went wrong');
  await settings.getByLabel('Slow mode').selectOption({ label: '30 seconds' });
  await expectWell(ann.page);
  await settings.getByRole('button', { name: 'Save' }).click();
  await expect(ann.page.getByRole('heading', { name: 'outtakes', exact: true })).toBeVisible();
  await expect(ann.page.getByRole('region', { name: 'Channel' }).getByText('What went wrong')).toBeVisible();

  // What was done until here came to the other person in the same order, without the private channel.
  await ann.account.post(`/api/v1/communities/${place.id}/channels`, { name: 'open', kind: 'text' });
  await expect(linkOf(bob.page, 'open')).toBeVisible();
  await expect(listed(bob.page)).toHaveText([/general/, /open/]);

  await act(ann.page, 'open', 'Move up');
  await expect(listed(ann.page)).toHaveText([/open/, /general/, /outtakes/]);
  await expect(pane(ann.page).getByRole('status')).toHaveText('open is now 1 of 2.');
  await expect(pane(ann.page).getByRole('button', { name: 'Manage open' })).toBeFocused();
  await expect(listed(bob.page)).toHaveText([/open/, /general/]);

  // By keyboard alone.
  await pane(ann.page).getByRole('button', { name: 'Manage open' }).press('Enter');
  await expect(ann.page.getByRole('menuitem', { name: 'Settings' })).toBeFocused();
  await ann.page.keyboard.press('ArrowDown');
  await expect(ann.page.getByRole('menuitem', { name: 'Move down' })).toBeFocused();
  await ann.page.keyboard.press('ArrowDown');
  await ann.page.keyboard.press('Enter');
  const mover = ann.page.getByRole('dialog', { name: 'Move open' });
  await expect(mover.getByRole('button', { name: 'Move' })).toBeDisabled();
  await mover.getByLabel('Category').selectOption({ label: 'Studio' });
  await expectWell(ann.page);
  await mover.getByRole('button', { name: 'Move' }).click();
  await expect(listed(ann.page)).toHaveText([/general/, /outtakes/, /open/]);
  await expect(listed(bob.page)).toHaveText([/general/, /open/]);

  await studio(bob.page).click();
  await expect(linkOf(bob.page, 'open')).toHaveCount(0);
  await bob.page.reload();
  await expect(studio(bob.page)).toHaveAttribute('aria-expanded', 'false');
  const { items } = await ann.account.get<{ items: { id: string; name: string }[] }>(
    `/api/v1/communities/${place.id}/channels`,
  );
  await ann.account.say(items.find(({ name }) => name === 'open')!.id, 'Here it is');
  await expect(pane(bob.page).getByRole('button', { name: 'Studio 1 unread message' })).toBeVisible();
  await expectWell(bob.page);

  await pane(bob.page).getByRole('button', { name: /^Studio/ }).click();
  await pane(bob.page).getByRole('link', { name: /^open/ }).click();
  await expect(bob.page.getByRole('article').filter({ hasText: 'Here it is' })).toBeVisible();
  await act(ann.page, 'open', 'Delete');
  const remover = ann.page.getByRole('dialog', { name: 'Delete open?' });
  await expect(remover.getByText('Its messages are gone for all members.')).toBeVisible();
  await expectWell(ann.page);
  await remover.getByRole('button', { name: 'Delete' }).click();
  await expect(bob.page.getByText('This channel is not there')).toBeVisible();
  await expect(listed(bob.page)).toHaveText([/general/]);
  await expectWell(bob.page);

  await act(ann.page, 'Studio', 'Delete');
  await ann.page.getByRole('dialog', { name: 'Delete Studio?' }).getByRole('button', { name: 'Delete' }).click();
  await expect(studio(ann.page)).toHaveCount(0);
  await expect(listed(ann.page)).toHaveText([/general/, /outtakes/]);
});

test('a channel with adult content warns before its messages, once on a device', async ({ person }) => {
  const [ann, bob] = [await person('ann'), await person('bob')];
  const place = await ann.account.community('Late show');
  await bob.account.put(`/api/v1/communities/${place.id}/members/me`);
  await ann.account.say(place.channelId, 'Only for adults');
  const his = await Conversation.open(bob.page, place);
  await expect(his.message('Only for adults')).toHaveCount(1);

  await Conversation.open(ann.page, place);
  await ann.page.getByRole('button', { name: 'Settings of #general' }).click();
  const settings = ann.page.getByRole('dialog', { name: 'Settings of general' });
  await settings.getByRole('checkbox', { name: 'Adult content' }).check();
  await settings.getByRole('button', { name: 'Save' }).click();

  await expect(bob.page.getByText('This channel has adult content')).toBeVisible();
  await expect(his.messages).toHaveCount(0);
  await expect(bob.page.getByText('Only for adults')).toHaveCount(0);
  await expectWell(bob.page);
  await bob.page.getByRole('link', { name: 'Go back' }).click();
  await expect(bob.page).toHaveURL(/\/communities$/);

  await bob.page.goto(`/communities/${place.id}`);
  await bob.page.getByRole('button', { name: 'Continue' }).click();
  await expect(his.message('Only for adults')).toHaveCount(1);
  await bob.page.reload();
  await expect(his.message('Only for adults')).toHaveCount(1);
});

test('a community opens with its first channel, never with a category', async ({ person }) => {
  const { account, page } = await person('ann');
  const place = await account.community('Order');
  const made = `/api/v1/communities/${place.id}/channels`;
  const category = await account.post(made, { name: 'Studio', kind: 'category', topic: null, categoryId: null });
  const takes = await account.post(made, { name: 'takes', kind: 'text', topic: null, categoryId: category.id });
  await account.delete(`/api/v1/channels/${place.channelId}`);
  await page.goto(`/communities/${place.id}`);
  await expect(page).toHaveURL(new RegExp(takes.id));
  await expect(page.getByRole('heading', { name: 'takes', exact: true })).toBeVisible();
  await page.goto(`/communities/${place.id}/channels/${category.id}`);
  await expect(page.getByText('This channel is not there')).toBeVisible();
  await account.delete(`/api/v1/channels/${takes.id}`);
  await page.goto(`/communities/${place.id}`);
  await expect(page.getByText('No channel is shown to you here')).toBeVisible();
  await expectWell(page);
});

test('the channels of a community are managed on a phone', async ({ person }) => {
  const { account, page } = await person('ann', { viewport: { width: 390, height: 844 }, hasTouch: true });
  const place = await account.community('Pocket');
  const made = `/api/v1/communities/${place.id}/channels`;
  const category = await account.post(made, { name: 'Studio', kind: 'category', topic: null, categoryId: null });
  await account.post(made, { name: 'takes', kind: 'text', topic: null, categoryId: category.id });
  await page.goto(`/communities/${place.id}`);
  await expect(linkOf(page, 'takes')).toBeVisible();
  await expectWell(page);

  await pane(page).getByRole('button', { name: 'New channel in Studio' }).click();
  await expectWell(page);
  await page.getByRole('button', { name: 'Cancel' }).click();
  for (const dialog of ['Settings', 'Move to', 'Delete']) {
    await act(page, 'takes', dialog);
    await expect(page.getByRole('dialog')).toBeVisible();
    await expectWell(page);
    await page.getByRole('button', { name: 'Cancel' }).click();
  }
  await act(page, 'Studio', 'Settings');
  await expect(page.getByRole('dialog').getByRole('textbox')).toHaveCount(1);
  await page.getByLabel('Name', { exact: true }).fill('Rehearsal');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(pane(page).getByRole('button', { name: 'Rehearsal', exact: true })).toBeVisible();
});
