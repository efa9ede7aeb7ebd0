import { setTimeout as after } from 'node:timers/promises';
import { Conversation } from './conversation';
import { Line } from './line';
import { expect, test } from './test';

/** The long form, `./veza test --faults`, waits as long as an outage lasts. */
const OutageMs = process.env['VEZA_FAULTS'] === '1' ? 30_000 : 0;

/** What a browser says on its console when a server is away; the page itself shows it in its banner. */
const Away = [/Failed to load resource/, /WebSocket connection/, /net::ERR_/];

test('two browsers talk, react and edit, each seeing the other at once', async ({ person }) => {
  const [ana, ben] = [await person('ana'), await person('ben')];
  const community = await ana.account.community('Vinyl diggers');
  await ben.account.put(`/api/v1/communities/${community.id}/members/me`);
  const hers = await Conversation.open(ana.page, community);
  const his = await Conversation.open(ben.page, community);

  await hers.say('Who has heard the new pressing?');
  await expect(his.message('Who has heard the new pressing?')).toBeVisible();
  await his.say('Me. The second side is better.');
  await expect(hers.message('The second side is better.')).toBeVisible();

  await his.act('Who has heard', 'Add a reaction');
  await ben.page.getByRole('searchbox').fill('fire');
  await ben.page.getByRole('button', { name: 'fire', exact: true }).click();
  const reaction = hers.message('Who has heard').getByRole('button', { name: /🔥/ });
  await expect(reaction).toBeVisible();
  await reaction.click();
  await expect(his.message('Who has heard').getByRole('button', { name: '🔥, 2 reactions' })).toBeVisible();

  await hers.field.press('ArrowUp');
  const field = ana.page.getByRole('textbox', { name: 'Edit the message' });
  await expect(field).toHaveValue('Who has heard the new pressing?');
  await field.fill('Who has heard the old pressing?');
  await field.press('Enter');
  await expect(his.message('Who has heard the old pressing?')).toContainText('edited');
  await expect(his.message('the new pressing')).toHaveCount(0);
});

test('after an outage and a killed server a browser shows what it missed, once and in order', async ({
  person,
  veza,
  watch,
}) => {
  test.slow();
  watch.expect(...Away);
  const line = await Line.to(veza);
  const ana = await person('ana');
  const ben = await person('ben', { at: line.address });
  const community = await ana.account.community('Night shift');
  await ben.account.put(`/api/v1/communities/${community.id}/members/me`);
  const hers = await Conversation.open(ana.page, community);
  const his = await Conversation.open(ben.page, community);
  await hers.say('before');
  await expect(his.message('before')).toBeVisible();
  await his.mark();

  line.cut();
  await ben.page.context().setOffline(true);
  await expect(ben.page.getByText('You are offline.')).toBeVisible();
  for (let n = 1; n <= 10; n++) await ana.account.say(community.channelId, `while he is away ${n}`);
  await ana.account.patch(`/api/v1/messages/${(await hers.drawn())[0]}`, { text: 'before, but edited' });
  await veza.kill();
  await veza.start();
  for (let n = 11; n <= 20; n++) await ana.account.say(community.channelId, `while he is away ${n}`);
  await after(OutageMs);
  await expect(hers.message('while he is away 20')).toBeVisible();
  expect(await his.message('while he is away').count()).toBe(0);

  const news = await his.banner();
  line.mend();
  await ben.page.context().setOffline(false);
  await expect.poll(news, { timeout: 60_000 }).toContain('Back online. You missed nothing.');
  await expect(his.message('while he is away 20')).toBeVisible();
  await expect(his.message('before, but edited')).toBeVisible();

  const { items } = await ana.account.get<{ items: { id: string }[] }>(
    `/api/v1/channels/${community.channelId}/messages?limit=100`,
  );
  const written = items.map(({ id }) => id).reverse();
  expect(written).toHaveLength(21);
  await expect.poll(() => his.drawn()).toEqual(written);
  await expect.poll(() => hers.drawn()).toEqual(written);
  expect(await his.isMarked(), 'the page was not loaded again').toBe(true);
  // What he was about to say was not lost either.
  await his.say('What did I miss?');
  await expect(hers.message('What did I miss?')).toBeVisible();
  await line.close();
});
