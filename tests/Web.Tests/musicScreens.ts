import type { Account } from './account';
import { listen, sound, upload } from './music';
import type { Screen } from './screens';
import type { Page } from './test';

const hostile = '<b>W</b>\u202Eevil ' + 'WIDE'.repeat(20) + 'Z\u0301\u0323\u0334\u0353'.repeat(4);

/** Two tracks of another person, whom the reader follows. One of them is in the charts. */
async function followed(me: Account, genre: string): Promise<{ ana: Account; track: string }> {
  const ana = await me.another('ana');
  const track = await upload(ana, 'Nightbus (live at the depot)', 2, genre);
  await upload(ana, hostile, 2, genre);
  await me.put(`/api/v1/accounts/${ana.id}/followers/me`);
  await listen(me, track);
  await listen(ana, track);
  return { ana, track };
}

async function commented(me: Account): Promise<string> {
  const { ana, track } = await followed(me, 'Ambient');
  await me.post(`/api/v1/tracks/${track}/comments`, { text: 'this drop!', atMs: 400 });
  await ana.post(`/api/v1/tracks/${track}/comments`, { text: hostile.repeat(3), atMs: 1_500 });
  await me.put(`/api/v1/tracks/${track}/likes/me`);
  return track;
}

const plays = (page: Page): Promise<void> => page.getByRole('button', { name: /^Play Nightbus/ }).first().click();

/** The screens of music, and of what people do with it. */
export const musicScreens: readonly Screen[] = [
  { name: 'feed-empty', path: '/feed', shows: page => page.getByText('Your feed is quiet') },
  {
    name: 'feed',
    path: async me => {
      await followed(me, 'Dub');
      return '/feed';
    },
    shows: page => page.getByRole('article'),
  },
  {
    name: 'charts',
    path: async me => {
      await followed(me, `Dub ${me.userName}`);
      return `/charts?genre=Dub%20${me.userName}`;
    },
    shows: page => page.getByRole('button', { name: '2 plays' }),
  },
  { name: 'charts-empty', path: '/charts?genre=None', shows: page => page.getByText('Nothing was played') },
  {
    name: 'history',
    path: async me => {
      await followed(me, 'Dub');
      return '/history';
    },
    shows: page => page.getByText('Counted', { exact: true }),
  },
  { name: 'upload', path: '/upload', shows: page => page.getByRole('button', { name: 'Choose files' }) },
  {
    name: 'upload-files',
    path: '/upload',
    then: async page => {
      const good = { name: '01 - first_light.flac', mimeType: 'audio/flac', buffer: await sound(1) };
      const name = `${hostile}.flac`;
      await page.setInputFiles('input[type=file]', good);
      await page.getByRole('button', { name: 'Upload 1 track' }).click();
      await page.getByText('Ready', { exact: true }).waitFor();
      await page.setInputFiles('input[type=file]', { name, mimeType: 'audio/flac', buffer: Buffer.from('none') });
    },
    shows: page => page.getByRole('button', { name: 'Choose files' }),
  },
  {
    name: 'track',
    path: async me => `/tracks/${await commented(me)}`,
    shows: page => page.getByText('this drop!').first(),
  },
  {
    name: 'track-playing',
    path: async me => `/tracks/${await commented(me)}`,
    then: async page => {
      await plays(page);
      await page.getByRole('region', { name: 'Player' }).waitFor();
    },
    shows: page => page.getByText('this drop!').first(),
  },
  {
    name: 'queue',
    path: async me => `/accounts/${(await followed(me, 'Dub')).ana.id}`,
    then: async page => {
      await plays(page);
      await page.getByRole('button', { name: 'Queue', exact: true }).click();
    },
    shows: page => page.getByRole('heading', { level: 1 }),
  },
  {
    name: 'profile',
    path: async me => `/accounts/${(await followed(me, 'Dub')).ana.id}`,
    shows: page => page.getByRole('button', { name: /^Play Nightbus/ }),
  },
  {
    name: 'profile-followers',
    path: async me => `/accounts/${(await followed(me, 'Dub')).ana.id}?tab=followers`,
    shows: page => page.getByRole('link', { name: 'mira' }),
  },
];
