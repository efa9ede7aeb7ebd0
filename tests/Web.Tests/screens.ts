import type { Account } from './account';
import { accountScreens } from './accountScreens';
import { broadcastScreens } from './broadcastScreens';
import { musicScreens } from './musicScreens';
import { chatScreens } from './chatScreens';
import { replayScreens } from './replayScreens';
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
  ...musicScreens,
  ...chatScreens,
  ...broadcastScreens,
  ...replayScreens,
  { name: 'not-found', path: '/nothing/here', shows: page => page.getByRole('heading', { level: 1 }) },
];
