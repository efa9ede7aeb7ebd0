import type { Account } from './account';
import { accountScreens } from './accountScreens';
import { replayScreens } from './replayScreens';
import { Source } from './source';
import type { Locator, Page } from './test';

/** A screen of the page, of which `screens.spec.ts` takes pictures and which it checks in every look. */
export interface Screen {
  /** Names the pictures. */
  readonly name: string;
  /** Not signed in. */
  readonly open?: boolean;
  /** Signed in as the operator instead of a new account. */
  readonly operator?: boolean;
  /** Where it is. A function makes what it shows first, by the API, as the account that is signed in. */
  readonly path: string | ((me: Account) => Promise<string>);
  /** What one does there before the picture, such as opening a menu. */
  readonly then?: (page: Page) => Promise<void>;
  /** What shows that it is complete. */
  readonly shows: (page: Page) => Locator;
}

/** Every screen. A capability adds its own. */
export const screens: readonly Screen[] = [
  { name: 'start', path: '/', shows: page => page.getByRole('heading', { level: 1 }) },
  {
    name: 'register',
    open: true,
    path: '/register',
    shows: page => page.getByRole('button', { name: 'Create account' }),
  },
  { name: 'sign-in', open: true, path: '/sign-in', shows: page => page.getByRole('button', { name: 'Sign in' }) },
  ...accountScreens,
  ...replayScreens,
  { name: 'not-found', path: '/nothing/here', shows: page => page.getByRole('heading', { level: 1 }) },
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
