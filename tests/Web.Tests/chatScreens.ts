import { Account } from './account';
import type { Screen } from './screens';
import type { Locator, Page } from './test';

/** A community in which something was said, by two persons. */
async function lively(me: Account): Promise<{ id: string; channelId: string }> {
  const place = await me.community('Night Owls');
  const friend = await Account.register(me.origin, 'noor');
  await friend.put(`/api/v1/communities/${place.id}/members/me`);
  await me.post(`/api/v1/communities/${place.id}/channels`, { name: 'news', kind: 'announcement' });
  await me.post(`/api/v1/communities/${place.id}/channels`, {
    name: 'slow-talk',
    kind: 'text',
    topic: 'One thought at a time',
    slowModeSeconds: 30,
  });
  const first = await friend.say(place.channelId, 'Did anyone hear the new mix? It is **so** good 🎧');
  await me.say(place.channelId, 'Twice already. The break at 3:07 ~~is long~~ is perfect.');
  await me.say(place.channelId, '> slow is smooth\n\n- kick\n- snare\n- `hat.wav`\n\nhttps://example.org/mix/42');
  await friend.say(place.channelId, '🔥🔥');
  await friend.say(place.channelId, '```ts\nconst bpm = 174;\n```\nand ||the drop is a whale||');
  const reply = await me.post(`/api/v1/channels/${place.channelId}/messages`, {
    text: 'I will play it on Friday',
    replyTo: first,
  });
  await friend.patch(`/api/v1/messages/${first}`, { text: 'Did anyone hear the new mix? It is **so** good 🎧🎶' });
  await me.patch(`/api/v1/messages/${reply.id}`, { text: 'I will play it on Friday night' });
  for (const emoji of ['❤️', '🎉'])
    await Promise.all(
      [me, friend].map(one => one.put(`/api/v1/messages/${reply.id}/reactions/${encodeURIComponent(emoji)}`)),
    );
  return place;
}

const Roles = [
  { name: 'Owls', colour: 0xf1c40f, permissions: '8192', hoisted: true },
  { name: 'Sehr geehrte Ehrengäste der Gemeinschaft', colour: 0x000001, permissions: '2048' },
];

async function openRoles(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Menu of/ }).click();
  await page.getByRole('menuitem', { name: 'Roles' }).click();
}

/** A community with roles, which a friend has, and with a rule in its channel. */
async function ruled(me: Account): Promise<string> {
  const place = await me.community('Night Owls');
  const friend = await Account.register(me.origin, 'noor');
  await friend.put(`/api/v1/communities/${place.id}/members/me`);
  for (const role of Roles) {
    const { id } = await me.post(`/api/v1/communities/${place.id}/roles`, role);
    await me.put(`/api/v1/communities/${place.id}/members/${friend.id}/roles/${id}`);
  }
  await me.put(`/api/v1/channels/${place.channelId}/overwrites/${place.id}`, {
    target: 'role',
    allow: '1024',
    deny: '2048',
  });
  await me.say(place.channelId, 'Welcome to the night');
  return `/communities/${place.id}/channels/${place.channelId}`;
}

/** A community with categories and unread messages, whose channels the person may manage. */
async function sorted(me: Account): Promise<string> {
  const place = await me.community('Night Owls');
  const friend = await Account.register(me.origin, 'noor');
  await friend.put(`/api/v1/communities/${place.id}/members/me`);
  const make = (body: object): Promise<{ id: string }> =>
    me.post(`/api/v1/communities/${place.id}/channels`, { topic: null, categoryId: null, ...body });
  await make({ name: 'news', kind: 'announcement' });
  const music = await make({ name: 'Music', kind: 'category' });
  await make({ name: 'crate-digging', kind: 'text', categoryId: music.id, topic: 'What did you find?' });
  const mixes = await make({ name: 'mixes-of-two-hours-and-more', kind: 'text', categoryId: music.id });
  const late = await make({ name: 'Sehr späte Stunden der Nacht', kind: 'category' });
  await make({ name: 'after-hours', kind: 'text', categoryId: late.id, nsfw: true });
  await friend.say(mixes.id, 'Four hours, in fact');
  await me.say(place.channelId, 'Welcome to the night');
  return `/communities/${place.id}/channels/${place.channelId}`;
}

/** The list of channels is beside the channel on a desk alone. */
async function inMenu(page: Page, name: string, item: string): Promise<void> {
  await page.getByRole('button', { name: `Manage ${name}`, exact: true }).click();
  await page.getByRole('menuitem', { name: item }).click();
}

const welcome = (page: Page): Locator => page.getByText('Welcome to the night');

const channel = async (me: Account): Promise<string> => {
  const place = await lively(me);
  return `/communities/${place.id}/channels/${place.channelId}`;
};

/** The screens of the chat. */
export const chatScreens: readonly Screen[] = [
  {
    name: 'communities-first',
    path: '/communities',
    shows: page => page.getByRole('heading', { name: 'Where do your people talk?' }),
  },
  {
    name: 'communities',
    path: async me => {
      for (const name of ['Night Owls', 'Bass & Friends', 'Ein sehr langer Name für eine Gemeinschaft'])
        await me.community(name);
      return '/communities';
    },
    shows: page => page.getByRole('link', { name: /Bass & Friends/ }),
  },
  {
    name: 'join',
    path: async me => {
      const other = await Account.register(me.origin, 'noor');
      return `/communities/${(await other.community('Night Owls')).id}`;
    },
    shows: page => page.getByRole('button', { name: 'Join' }),
  },
  {
    name: 'channel',
    path: channel,
    shows: page => page.getByRole('article').filter({ hasText: 'on Friday night' }),
  },
  {
    name: 'channel-empty',
    path: async me => {
      const place = await me.community('Quiet');
      return `/communities/${place.id}/channels/${place.channelId}`;
    },
    shows: page => page.getByText('Be the first to say something.'),
  },
  {
    name: 'channel-emoji',
    path: channel,
    then: async page => {
      await page.getByRole('button', { name: 'Insert an emoji' }).click();
      await page.getByRole('button', { name: 'grinning face', exact: true }).first().waitFor();
    },
    shows: page => page.getByRole('article').filter({ hasText: 'on Friday night' }),
  },
  {
    name: 'roles',
    path: ruled,
    then: async page => {
      await openRoles(page);
      await page.getByRole('dialog').getByRole('listitem').first().waitFor();
    },
    shows: welcome,
  },
  {
    name: 'role-editor',
    path: ruled,
    then: async page => {
      await openRoles(page);
      await page.getByRole('button', { name: 'New role' }).click();
      await page.getByRole('dialog', { name: 'Make a role' }).waitFor();
    },
    shows: welcome,
  },
  {
    name: 'channel-permissions',
    path: ruled,
    then: page => page.getByRole('button', { name: 'Permissions of #general' }).click(),
    shows: welcome,
  },
  {
    name: 'member-roles',
    path: ruled,
    then: async page => {
      await page.getByRole('complementary').getByRole('button', { name: /^noor_/ }).click();
      await page.getByRole('checkbox', { name: 'Owls' }).waitFor();
    },
    shows: welcome,
  },
  {
    name: 'member-permissions',
    path: ruled,
    then: async page => {
      await page.getByRole('complementary').getByRole('button', { name: /^noor_/ }).click();
      await page.getByRole('button', { name: 'What may this member do here, and why?' }).click();
      await page.getByText('The role Owls').waitFor();
    },
    shows: welcome,
  },
  { name: 'channel-list', path: sorted, shows: welcome },
  {
    name: 'channel-menu',
    path: sorted,
    then: page => page.getByRole('button', { name: 'Manage crate-digging' }).click(),
    shows: welcome,
  },
  {
    name: 'new-channel',
    path: sorted,
    then: page => page.getByRole('button', { name: 'New channel in Music' }).click(),
    shows: welcome,
  },
  {
    name: 'channel-settings',
    path: sorted,
    then: page => page.getByRole('button', { name: 'Settings of #general' }).click(),
    shows: welcome,
  },
  { name: 'channel-move', path: sorted, then: page => inMenu(page, 'crate-digging', 'Move to'), shows: welcome },
  { name: 'channel-delete', path: sorted, then: page => inMenu(page, 'crate-digging', 'Delete'), shows: welcome },
  {
    name: 'adult-channel',
    path: sorted,
    then: page => page.getByRole('link', { name: 'after-hours' }).click(),
    shows: page => page.getByText(/Welcome to the night|This channel has adult content/),
  },
];
