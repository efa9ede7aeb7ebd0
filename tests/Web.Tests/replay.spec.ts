import { Account } from './account';
import { expect, test, type Locator, type Page } from './test';

const message = (page: Page, text: string): Locator =>
  page.getByRole('log').getByRole('article').filter({ hasText: text });
const slider = (page: Page): Locator => page.getByRole('slider', { name: 'Moment' });
const rows = (page: Page, type: string): Locator =>
  page.getByRole('table', { name: 'Log' }).getByRole('row').filter({ hasText: type });

test('dragging the slider back shows a channel before its messages, and forward again', async ({ person }) => {
  const { account, page } = await person('ann');
  const place = await account.community('Vinyl diggers');
  await account.say(place.channelId, 'Found it');
  await page.goto(`/communities/${place.id}/channels/${place.channelId}`);
  await expect(message(page, 'Found it')).toBeVisible();

  await page.getByRole('button', { name: 'Look back in time' }).click();
  await expect(page.getByText('This is now. Drag back to see it as it was.')).toBeVisible();
  const box = (await slider(page).boundingBox())!;
  const middle = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width - 8, middle);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2, middle, { steps: 5 });
  await page.mouse.move(box.x, middle, { steps: 5 });
  await page.mouse.up();
  await expect(page).toHaveURL(/asOf=/);
  await expect(page.getByRole('status').filter({ hasText: 'As it was on' })).toBeVisible();
  await expect(message(page, 'Found it')).toHaveCount(0);
  await expect(page.getByRole('textbox', { name: /^Message #/ })).toHaveCount(0);

  await slider(page).press('End');
  await expect(page).not.toHaveURL(/asOf=/);
  await expect(message(page, 'Found it')).toBeVisible();
  await expect(page.getByRole('textbox', { name: /^Message #/ })).toBeVisible();
  await slider(page).press('Home');
  await expect(message(page, 'Found it')).toHaveCount(0);
  await page.getByRole('button', { name: 'Back to now', exact: true }).click();
  await expect(message(page, 'Found it')).toBeVisible();
});

test('a link to a moment shows it, and coming back to it asks the server nothing', async ({ person }) => {
  const { account, page } = await person('ann');
  const place = await account.community('Vinyl diggers');
  const first = await account.post(`/api/v1/channels/${place.channelId}/messages`, { text: 'One' });
  const second = await account.post(`/api/v1/channels/${place.channelId}/messages`, { text: 'Two' });
  const at = (position: number): string =>
    `/communities/${place.id}/channels/${place.channelId}?asOf=${position}`;
  await page.goto(at(first.position));
  await expect(message(page, 'One')).toBeVisible();
  await expect(message(page, 'Two')).toHaveCount(0);
  await expect(page.getByRole('status').filter({ hasText: 'As it was on' })).toBeVisible();

  const asked: string[] = [];
  page.on('request', request => request.url().includes('/messages?') && asked.push(request.url()));
  await page.evaluate(to => history.pushState(null, '', to), at(second.position));
  await page.evaluate(() => dispatchEvent(new PopStateEvent('popstate')));
  await expect(message(page, 'Two')).toBeVisible();
  expect(asked).toHaveLength(1);
  await page.goBack();
  await expect(message(page, 'Two')).toHaveCount(0);
  await expect(message(page, 'One')).toBeVisible();
  expect(asked).toHaveLength(1);
});

test('a number says which events it was counted from', async ({ person, veza }) => {
  const { account, page } = await person('ann');
  const bob = await Account.register(veza.address, 'bob');
  await bob.put(`/api/v1/accounts/${account.id}/followers/me`);
  await page.goto(`/accounts/${account.id}`);
  await page.getByRole('button', { name: '1 follower', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Why 1 follower?' });
  await expect(dialog.getByRole('row', { name: /Follow started/ })).toContainText(bob.userName);
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
});

test('the log is closed to members, and followed live by operators', async ({ person, veza }) => {
  const ann = await person('ann');
  await ann.page.goto('/log');
  await expect(ann.page.getByText('The log is for analysts')).toBeVisible();

  const place = await ann.account.community('Vinyl diggers');
  await ann.account.say(place.channelId, 'Before');
  const op = await person('operator', { account: await Account.operator(veza.address, veza.home) });
  await op.page.goto(`/log?types=message_sent,message_edited&account=${ann.account.id}`);
  await expect(op.page.getByText('Live', { exact: true })).toBeVisible();
  await expect(rows(op.page, 'Message sent')).toHaveCount(1);
  await ann.account.say(place.channelId, 'While it is followed');
  await expect(rows(op.page, 'Message sent')).toHaveCount(2);
  await expect(rows(op.page, 'Message sent').first()).toContainText('While it is followed');
});

test('new events wait while one reads older ones', async ({ person, veza }) => {
  const { account } = await person('ann');
  const place = await account.community('Vinyl diggers');
  for (let i = 0; i < 60; i++) await account.say(place.channelId, `Message ${i}`);
  const { page } = await person('operator', { account: await Account.operator(veza.address, veza.home) });
  await page.goto(`/log?types=message_sent&account=${account.id}`);
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  await expect(rows(page, 'Message 59')).toBeVisible();
  await page.getByRole('table', { name: 'Log' }).evaluate(table => table.scrollTo({ top: 400 }));
  await account.say(place.channelId, 'Just now');
  await page.getByRole('button', { name: '1 new event' }).click();
  await expect(rows(page, 'Just now')).toBeVisible();
});

test('an event shows its data, its neighbours and what it changed', async ({ person, veza }) => {
  const { page, account } = await person('operator', { account: await Account.operator(veza.address, veza.home) });
  const place = await account.community('Vinyl diggers');
  const id = await account.say(place.channelId, 'Old words');
  const edited = await account.patch(`/api/v1/messages/${id}`, { text: 'New words' });
  await page.goto(`/log?stream=${id}`);
  await page.getByRole('link', { name: new Intl.NumberFormat('en-GB').format(edited.position) }).click();
  const pane = page.getByRole('complementary', { name: /^Event/ });
  await expect(pane.getByRole('heading', { name: 'Message edited' })).toBeVisible();
  await expect(pane.getByText('New words').first()).toBeVisible();
  const change = pane.locator('dl > div').filter({ has: page.locator('dt', { hasText: /^text$/ }) });
  await expect(change).toContainText('Old words');
  await expect(change).toContainText('New words');
  await expect(pane.getByRole('link', { name: /Message sent/ })).toBeVisible();
  await pane.getByRole('link', { name: /Message sent/ }).click();
  await expect(pane.getByText('It was not there before this event.')).toBeVisible();
  await page.getByRole('button', { name: 'Close the event' }).click();
  await expect(pane).toHaveCount(0);
});
