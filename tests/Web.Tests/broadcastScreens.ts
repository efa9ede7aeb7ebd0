import type { Screen } from './screens';
import { Source } from './source';

/** The screens of broadcasts. */
export const broadcastScreens: readonly Screen[] = [
  {
    name: 'live',
    path: async me => {
      await Source.start(me, 'Kitchen radio: soup, jazz and everything that takes longer than an hour to cook');
      return '/live';
    },
    shows: page => page.getByRole('link', { name: 'Kitchen radio' }),
  },
  {
    name: 'live-listen',
    path: async me => `/live/${(await Source.start(me, 'Late show')).id}`,
    then: async page => {
      await page.getByRole('button', { name: 'Listen', exact: true }).click();
      await page.getByText('You are listening').waitFor();
    },
    shows: page => page.getByRole('heading', { name: 'Late show' }),
  },
  {
    name: 'live-ended',
    path: async me => {
      const { id } = await me.post('/api/v1/broadcasts', { title: 'Yesterday' });
      await me.post(`/api/v1/broadcasts/${id}/stop`);
      return `/live/${id}`;
    },
    shows: page => page.getByText('This broadcast is over.'),
  },
  {
    name: 'live-new',
    path: '/live/new',
    then: async page => {
      await page.getByLabel('Title').fill('Late show');
      await page.getByRole('button', { name: 'Microphone' }).click();
      await page.getByRole('button', { name: 'Go live now' }).waitFor();
    },
    shows: page => page.getByRole('button', { name: 'Microphone' }),
  },
  {
    name: 'live-on-air',
    path: '/live/new',
    then: async page => {
      await page.getByLabel('Title').fill('Late show');
      await page.getByRole('button', { name: 'Microphone' }).click();
      await page.getByRole('button', { name: 'Go live now' }).click();
      await page.getByText('On the air', { exact: true }).waitFor();
    },
    shows: page => page.getByRole('heading', { level: 1 }),
  },
];
