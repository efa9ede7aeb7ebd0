import type { Screen } from './screens';
import type { Page } from './test';
import { presentStep, totp } from './totp';

const title = (name: string) => (page: Page) => page.getByRole('heading', { level: 1, name });

const token = 'a'.repeat(86);

export const accountScreens: readonly Screen[] = [
  { name: 'password-reset', open: true, path: '/password-reset', shows: title('Forgot your password?') },
  { name: 'reset-password', open: true, path: `/reset-password#${token}`, shows: title('Set a new password') },
  { name: 'prove-email', open: true, path: `/prove-email#${token}`, shows: title('Confirm your address') },
  { name: 'settings-profile', path: '/settings', shows: page => page.getByRole('heading', { name: 'Password' }) },
  { name: 'settings-appearance', path: '/settings/appearance', shows: title('Appearance') },
  {
    name: 'settings-sessions',
    path: async me => {
      for (const device of ['Firefox, Linux', 'Safari, iPhone'])
        await me.post('/api/v1/sessions', { name: me.userName, password: me.password, device });
      return '/settings/sessions';
    },
    shows: page => page.getByText('Safari, iPhone'),
  },
  {
    name: 'settings-two-factor',
    path: '/settings/two-factor',
    shows: page => page.getByLabel('Password', { exact: true }),
  },
  {
    name: 'settings-two-factor-scan',
    path: '/settings/two-factor',
    shows: title('Two-factor sign-in'),
    then: async page => {
      await page.getByLabel('Password', { exact: true }).fill('correct horse battery');
      await page.getByRole('button', { name: 'Set it up' }).click();
      await page.getByRole('img', { name: /QR code/ }).waitFor();
    },
  },
  {
    name: 'settings-recovery-codes',
    path: '/settings/two-factor',
    shows: title('Two-factor sign-in'),
    then: async page => {
      await page.getByLabel('Password', { exact: true }).fill('correct horse battery');
      await page.getByRole('button', { name: 'Set it up' }).click();
      const secret = ((await page.locator('.secret').textContent()) ?? '').replaceAll(' ', '');
      await page.getByLabel('Code of six digits').fill(totp(secret, presentStep()));
      await page.getByRole('button', { name: 'Turn it on' }).click();
      await page.getByRole('button', { name: 'I have kept them' }).waitFor();
    },
  },
  { name: 'settings-activity', path: '/settings/activity', shows: page => page.getByText('Account created') },
  { name: 'settings-api-keys-empty', path: '/settings/api-keys', shows: page => page.getByText('No API keys') },
  {
    name: 'settings-api-keys',
    path: async me => {
      const scopes = ['messages:read', 'messages:write', 'live:read', 'communities:read', 'presence:write'];
      await me.post('/api/v1/api-keys', { name: 'Welcome bot', scopes, days: 365 });
      await me.post('/api/v1/api-keys', { name: `Long ${'name '.repeat(10)}`, scopes: ['charts:read'], days: 7 });
      return '/settings/api-keys';
    },
    shows: page => page.getByText('Welcome bot'),
  },
  {
    name: 'settings-new-api-key',
    path: '/settings/api-keys',
    shows: title('API keys'),
    then: async page => {
      await page.getByRole('button', { name: 'New API key' }).click();
      await page.getByRole('dialog').waitFor();
    },
  },
  { name: 'settings-data', path: '/settings/data', shows: title('Your data') },
  {
    name: 'settings-erase',
    path: '/settings/data',
    shows: title('Your data'),
    then: async page => {
      await page.getByRole('button', { name: 'Erase the account' }).click();
      await page.getByRole('dialog').getByLabel(/^Type your user name/).waitFor();
    },
  },
];
