import { Conversation } from './conversation';
import { expectAccessible, expectNoOverflow } from './looks';
import { expect, test, type Locator, type Page } from './test';

/** What can be done with a message beside the buttons that it shows. */
async function menuOf(conversation: Conversation, text: string): Promise<Locator> {
  await conversation.act(text, 'More');
  return conversation.page.getByRole('menu', { name: 'More' });
}

async function openRoles(page: Page): Promise<Locator> {
  await page.getByRole('button', { name: /^Menu of/ }).click();
  await page.getByRole('menuitem', { name: 'Roles' }).click();
  return page.getByRole('dialog', { name: 'Roles' });
}

test('a role lets a second member delete a message of the first, and is explained', async ({ person }) => {
  const [ann, bob] = [await person('ann'), await person('bob')];
  const place = await ann.account.community('Crew');
  await bob.account.put(`/api/v1/communities/${place.id}/members/me`);
  await ann.account.say(place.channelId, 'To be deleted');
  const hers = await Conversation.open(ann.page, place);
  const his = await Conversation.open(bob.page, place);

  const before = await menuOf(his, 'To be deleted');
  await expect(before.getByRole('menuitem', { name: 'Copy the text' })).toBeVisible();
  await expect(before.getByRole('menuitem', { name: 'Delete' })).toHaveCount(0);
  await bob.page.keyboard.press('Escape');

  const roles = await openRoles(ann.page);
  await expect(roles.getByText('No roles yet')).toBeVisible();
  await roles.getByRole('button', { name: 'New role' }).click();
  const editor = ann.page.getByRole('dialog', { name: 'Make a role' });
  await editor.getByLabel('Name', { exact: true }).fill('Helper');
  await editor.getByRole('checkbox', { name: 'List its members apart' }).check();
  await editor.getByRole('checkbox', { name: 'Colour the names of its members' }).check();
  await editor.getByRole('checkbox', { name: 'Manage messages' }).check();
  await expectAccessible(ann.page);
  await expectNoOverflow(ann.page);
  await editor.getByRole('button', { name: 'Make it' }).click();
  await expect(roles.getByRole('listitem').filter({ hasText: 'Helper' })).toBeVisible();
  await expectAccessible(ann.page);
  await ann.page.keyboard.press('Escape');

  const members = ann.page.getByRole('complementary');
  await members.getByRole('button', { name: bob.account.userName }).click();
  const card = ann.page.getByRole('dialog', { name: bob.account.userName });
  await card.getByRole('checkbox', { name: 'Helper' }).check();
  await card.getByRole('button', { name: 'What may this member do here, and why?' }).click();
  const why = ann.page.getByRole('dialog', { name: `What ${bob.account.userName} may do in #general` });
  await expect(why.getByRole('listitem').filter({ hasText: 'The role Helper' })).toContainText('Manage messages');
  await expect(why.getByText(/^Set by/).first()).toContainText(/Event \d+/);
  await expectAccessible(ann.page);
  await ann.page.keyboard.press('Escape');
  await expect(members.getByRole('heading', { name: 'Helper — 1' })).toBeVisible();

  await expect(async () => {
    await bob.page.keyboard.press('Escape');
    const menu = await menuOf(his, 'To be deleted');
    await menu.getByRole('menuitem', { name: 'Delete' }).click({ timeout: 2_000 });
  }).toPass();
  await bob.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(his.message('To be deleted')).toHaveCount(0);
  await expect(hers.message('To be deleted')).toHaveCount(0);
});

test('a channel where members may not write says so, until one of them may', async ({ person }) => {
  const [ann, bob] = [await person('ann'), await person('bob')];
  const place = await ann.account.community('Library');
  await bob.account.put(`/api/v1/communities/${place.id}/members/me`);
  await Conversation.open(ann.page, place);
  const his = await Conversation.open(bob.page, place);

  await ann.page.getByRole('button', { name: 'Permissions of #general' }).click();
  const dialog = ann.page.getByRole('dialog', { name: 'Permissions of #general' });
  const choices = dialog.getByRole('radiogroup', { name: 'Write messages' });
  await expect(dialog.getByText('Nothing is set here')).toBeVisible();
  await expect(dialog.getByRole('radiogroup', { name: 'See channels' }).getByRole('radio')).toHaveCount(3);
  await choices.getByRole('radio', { name: 'Deny' }).check();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog.getByRole('listitem').filter({ hasText: 'Everyone' })).toBeVisible();
  await expectAccessible(ann.page);
  await expectNoOverflow(ann.page);
  await expect(bob.page.getByText('You may not write in this channel.')).toBeVisible();

  await dialog.getByLabel('Role or member').selectOption({ label: `Member: ${bob.account.userName}` });
  await choices.getByRole('radio', { name: 'Allow' }).check();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(his.field).toBeVisible();
  await his.say('Only me');
});

test('a channel is hidden from a member and shown again, while the member has it open', async ({ person, watch }) => {
  // The page moves its read marker once more when the channel goes.
  watch.expect(/status of 403 .*\/read\)/);
  const [ann, bob] = [await person('ann'), await person('bob')];
  const place = await ann.account.community('Attic');
  await bob.account.put(`/api/v1/communities/${place.id}/members/me`);
  await ann.account.say(place.channelId, 'Said before');
  await Conversation.open(ann.page, place);
  const his = await Conversation.open(bob.page, place);
  const listed = bob.page.getByRole('navigation', { name: 'Channels' }).getByRole('link', { name: 'general' });
  await expect(listed).toBeVisible();

  await ann.page.getByRole('button', { name: 'Permissions of #general' }).click();
  const dialog = ann.page.getByRole('dialog', { name: 'Permissions of #general' });
  const choose = async (permission: string, choice: string): Promise<void> => {
    await dialog.getByRole('radiogroup', { name: permission }).getByRole('radio', { name: choice }).check();
    await dialog.getByRole('button', { name: 'Save' }).click();
  };
  await choose('See channels', 'Deny');
  await expect(listed).toHaveCount(0);
  await expect(bob.page.getByText('This channel is not there')).toBeVisible();
  await expectAccessible(bob.page);

  await choose('See channels', 'Neutral');
  await expect(listed).toBeVisible();
  await expect(his.message('Said before')).toHaveCount(1);

  await choose('Read earlier messages', 'Deny');
  await expect(bob.page.getByText('You see what is said from now on')).toBeVisible();
  await expect(his.message('Said before')).toHaveCount(0);
  await ann.account.say(place.channelId, 'Said now');
  await expect(his.message('Said now')).toHaveCount(1);
  await expectAccessible(bob.page);
});
