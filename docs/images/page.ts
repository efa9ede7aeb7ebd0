import { execFile } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Account } from '../../tests/Web.Tests/account';
import { Conversation } from '../../tests/Web.Tests/conversation';
import { test, type Person } from '../../tests/Web.Tests/test';

const here = fileURLToPath(new URL('.', import.meta.url));

interface Listed {
  readonly items: readonly { readonly track: { readonly id: string } }[];
}

/** What a few friends say, beside what the demo's people have done. */
const talk: readonly [who: number, text: string][] = [
  [0, 'The second pressing arrived this morning. **Side B is another mix.**'],
  [1, 'Really? The runout says `RE-2`, mine has `RE-1`.'],
  [0, 'Listen to the hi-hats at 1:12, they are gone.'],
  [2, 'Uploaded both, so that you can compare. Which one do you like? ||I know already||'],
  [1, 'The first one. By far.'],
  [2, '> Side B is another mix\n\nIt says so on the back, in *very* small letters.'],
];

test('the picture of the README', async ({ person, veza }) => {
  const demo = path.join(here, '../../demo/demo.mjs');
  await promisify(execFile)('node', [
    demo,
    '--url',
    veza.address,
    '--home',
    veza.home,
    '--scale',
    '0.1',
    '--seed',
    '7',
    '--keep-alive-on-disconnect',
  ]);
  const known = async (name: string): Promise<Person> =>
    person(name, { account: await Account.named(veza.address, name) });
  const people = [await known('ana'), await known('ben'), await known('mira')];
  const [ana, ben] = people;
  if (ana === undefined || ben === undefined) throw new Error('there are three people');
  const community = await ana.account.community('Vinyl diggers');
  for (const name of ['new-pressings', 'swap', 'live-tonight'])
    await ana.account.post(`/api/v1/communities/${community.id}/channels`, { name });
  for (const { account } of people.slice(1)) await account.put(`/api/v1/communities/${community.id}/members/me`);
  const sent: string[] = [];
  for (const [who, text] of talk) sent.push((await people[who]?.account.say(community.channelId, text)) ?? '');
  for (const { account } of people.slice(1))
    await account.put(`/api/v1/messages/${sent[0]}/reactions/${encodeURIComponent('🔥')}`);
  await ana.account.put(`/api/v1/messages/${sent[4]}/reactions/${encodeURIComponent('💜')}`);
  const { items } = await ana.account.get<Listed>('/api/v1/charts/top');

  // The others are there, so that their presence shows.
  for (const { page } of people.slice(1)) await Conversation.open(page, community);
  const { page } = ana;
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
  await page.setViewportSize({ width: 1440, height: 900 });
  if (items[0] !== undefined) {
    await page.goto(`/tracks/${items[0].track.id}`);
    await page.getByRole('main').getByRole('button', { name: /^Play/ }).first().click();
  }
  await page.getByRole('link', { name: 'Vinyl diggers' }).click();
  await page.getByRole('link', { name: /general/ }).click();
  await new Conversation(page).message('RE-1').waitFor();
  await page.screenshot({ path: path.join(here, 'page.png') });
});
