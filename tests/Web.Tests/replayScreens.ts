import { Account, type Written } from './account';
import type { Screen } from './screens';

async function channel(me: Account): Promise<{ place: string; first: Written }> {
  const { id, channelId } = await me.community('Vinyl diggers');
  const first = await me.post(`/api/v1/channels/${channelId}/messages`, { text: 'Found the first pressing today.' });
  await me.post(`/api/v1/channels/${channelId}/messages`, { text: 'It was worth the rain.' });
  return { place: `/communities/${id}/channels/${channelId}`, first };
}

/** The past, and the log. */
export const replayScreens: readonly Screen[] = [
  {
    name: 'past-channel',
    path: async me => {
      const { place, first } = await channel(me);
      return `${place}?asOf=${first.position}`;
    },
    shows: page => page.getByRole('log').getByText('Found the first pressing today.'),
  },
  {
    name: 'past-profile',
    path: async me => `/accounts/${me.id}`,
    then: async page => page.getByRole('button', { name: 'Look back in time' }).click(),
    shows: page => page.getByRole('heading', { level: 1 }),
  },
  {
    name: 'why',
    path: async me => {
      const other = await Account.register(me.address, 'noor');
      await me.put(`/api/v1/accounts/${other.id}/followers/me`);
      return `/accounts/${me.id}`;
    },
    then: async page => page.getByRole('button', { name: '1 following' }).click(),
    shows: page => page.getByRole('heading', { level: 1 }),
  },
  { name: 'log-closed', path: '/log', shows: page => page.getByText('The log is for analysts') },
  {
    name: 'log',
    operator: true,
    path: async me => {
      await channel(me);
      return '/log';
    },
    shows: page => page.getByRole('table', { name: 'Log' }).getByRole('link').first(),
  },
  {
    name: 'log-event',
    operator: true,
    path: async me => `/log?event=${(await channel(me)).first.position}`,
    then: async page => {
      await page.getByText('It was not there before this event.').waitFor();
    },
    shows: page => page.getByRole('heading', { name: 'Message sent' }),
  },
];
