import { readFile } from 'node:fs/promises';
import { Account } from './account';
import { expectAccessible, expectNoOverflow } from './looks';
import { mailedLink } from './mails';
import { expect, test, type Page } from './test';
import { presentStep, totp } from './totp';

const refused = /status of 40[13]/;

async function signOut(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Your account/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
}

async function signIn(page: Page, name: string, password: string): Promise<void> {
  await page.getByLabel('User name or e-mail').fill(name);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

test('a person registers, turns a second factor on, and signs in with its codes', async ({ page, watch }) => {
  watch.expect(refused);
  const name = `rosa_${Date.now().toString(36)}`;
  await page.goto('/register');
  await page.getByLabel('User name').fill('x');
  await page.getByLabel('E-mail').fill(`${name}@example.org`);
  await page.getByLabel('Password', { exact: true }).fill('correct horse battery');
  watch.expect(/status of 400/);
  await page.getByRole('button', { name: 'Create account' }).click();
  await expect(page.getByLabel('User name')).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByLabel('User name')).toBeFocused();
  await page.getByLabel('User name').fill(name);
  await page.getByRole('button', { name: 'Create account' }).click();
  await expect(page.getByRole('heading', { name: /Hello/ })).toBeVisible();

  await page.goto('/settings/two-factor');
  await page.getByLabel('Password', { exact: true }).fill('wrong horse battery');
  await page.getByRole('button', { name: 'Set it up' }).click();
  await expect(page.getByText('This is not your present password.')).toBeVisible();
  await page.getByLabel('Password', { exact: true }).fill('correct horse battery');
  await page.getByRole('button', { name: 'Set it up' }).click();
  await expect(page.getByRole('img', { name: /QR code/ })).toBeVisible();
  await expectAccessible(page);
  const secret = ((await page.locator('.secret').textContent()) ?? '').replaceAll(' ', '');
  const step = presentStep();
  await page.getByLabel('Code of six digits').fill(totp(secret, step));
  await page.getByRole('button', { name: 'Turn it on' }).click();
  const codes = page.getByRole('region', { name: 'Recovery codes' }).getByRole('listitem');
  await expect(codes).toHaveCount(10);
  const recovery = (await codes.first().textContent()) ?? '';
  await expectAccessible(page);
  await page.getByRole('button', { name: 'I have kept them' }).click();
  await expect(page.getByText('Two-factor sign-in is on.')).toBeVisible();

  await signOut(page);
  await signIn(page, name, 'correct horse battery');
  await expect(page.getByRole('heading', { name: 'One more step' })).toBeVisible();
  await expectAccessible(page);
  // The step's code was used when the factor was turned on.
  await page.getByLabel('Code of six digits').fill(totp(secret, step));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByText(/This code is wrong/)).toBeVisible();
  await page.getByLabel('Code of six digits').fill(totp(secret, Math.max(step + 1, presentStep())));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { name: /Hello/ })).toBeVisible();

  await signOut(page);
  await signIn(page, name, 'correct horse battery');
  await page.getByRole('button', { name: 'Use a recovery code' }).click();
  await page.getByLabel('Recovery code').fill(recovery);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByText('9 recovery codes are left.')).toBeVisible();
});

test('a session that is ended in one browser ends at once in the other', async ({ person, browser, veza, watch }) => {
  // The ended session's tokens are refused, and its live connection with them.
  watch.expect(refused, /WebSocket connection/);
  const { account, page } = await person('nora');
  const other = await browser.newContext({ baseURL: veza.address });
  await watch.over(other);
  const theirs = await other.newPage();
  await theirs.goto('/sign-in');
  await signIn(theirs, account.userName, account.password);
  await expect(theirs.getByRole('heading', { name: /Hello/ })).toBeVisible();

  await page.goto('/settings/sessions');
  await expect(page.getByText('This device')).toBeVisible();
  await page.getByRole('button', { name: /^End the session/ }).click();
  await expect(theirs.getByText('Your session has ended.')).toBeVisible();
  await expect(page.getByText('You are signed in on this device alone.')).toBeVisible();
  await other.close();
});

test('an API key appears once, works, and is refused after it was revoked', async ({ person, veza }) => {
  const { page } = await person('bot');
  const ask = async (key: string): Promise<number> =>
    (await fetch(`${veza.address}/api/v1/charts/top`, { headers: { authorization: `Bearer ${key}` } })).status;
  await page.goto('/settings/api-keys');
  await page.getByRole('button', { name: 'New API key' }).click();
  await page.getByLabel('Name').fill('Chart <b>bot</b>');
  await page.getByRole('listitem').filter({ hasText: 'Charts' }).getByLabel('Read').check();
  await page.getByRole('button', { name: 'Create the key' }).click();
  const key = (await page.getByTestId('api-key').textContent()) ?? '';
  expect(await ask(key)).toBe(200);
  await page.getByRole('button', { name: 'I have copied it' }).click();

  await expect(page.getByText('Chart <b>bot</b>')).toBeVisible();
  await expect(page.getByText(key)).toHaveCount(0);
  await page.reload();
  await expect(page.getByText('Chart <b>bot</b>')).toBeVisible();
  await expect(page.getByText(key)).toHaveCount(0);
  await page.getByRole('button', { name: /^Revoke/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await expect(page.getByText('No API keys')).toBeVisible();
  expect(await ask(key)).toBe(401);
});

test('theme, language and motion are chosen for this device, and kept', async ({ person }) => {
  const { page } = await person('ton');
  await page.goto('/settings/appearance');
  await page.getByRole('radio', { name: 'Dark' }).check();
  await page.getByRole('radio', { name: 'Reduced' }).check();
  await page.getByRole('radio', { name: 'Français' }).check();
  await expect(page.getByRole('heading', { level: 1, name: 'Apparence' })).toBeVisible();
  await page.reload();
  await expect(page.getByRole('heading', { level: 1, name: 'Apparence' })).toBeVisible();
  const root = page.locator('html');
  await expect(root).toHaveAttribute('lang', 'fr');
  await expect(root).toHaveAttribute('data-theme', 'dark');
  await expect(root).toHaveAttribute('data-motion', 'reduced');
  await expectAccessible(page);

  // French takes more room.
  await page.setViewportSize({ width: 360, height: 740 });
  const places = ['Profil', 'Sessions', 'Connexion en deux étapes', 'Activité du compte', 'Clés d’API', 'Vos données'];
  for (const place of places) {
    await page.getByRole('navigation', { name: 'Réglages' }).getByRole('link', { name: place }).click();
    await expect(page.getByRole('heading', { level: 1, name: place })).toBeVisible();
    await expect(page.getByLabel('Chargement')).toHaveCount(0);
    await expectNoOverflow(page);
  }
});

test('the export is a file of JSON lines', async ({ person }) => {
  const { account, page } = await person('ida');
  await page.goto('/settings/data');
  const coming = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export your data' }).click();
  const download = await coming;
  expect(download.suggestedFilename()).toBe('veza-export.jsonl');
  const lines = (await readFile(await download.path(), 'utf8')).trim().split('\n');
  expect(lines.map(line => (JSON.parse(line) as { type: string }).type)).toContain('account_registered');
  expect(lines.join()).toContain(account.id);
});

test('an account is erased by its name and password, and cannot sign in again', async ({ person, watch }) => {
  watch.expect(refused);
  const { account, page } = await person('gone');
  await page.goto('/settings/data');
  await page.getByRole('button', { name: 'Erase the account' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(/^Type your user name/).fill('another');
  await dialog.getByLabel('Password', { exact: true }).fill('wrong horse battery');
  await dialog.getByRole('button', { name: 'Erase the account' }).click();
  await expect(dialog.getByText('This is not your user name.')).toBeVisible();
  await dialog.getByLabel(/^Type your user name/).fill(account.userName);
  await dialog.getByRole('button', { name: 'Erase the account' }).click();
  await expect(dialog.getByText('This is not your present password.')).toBeVisible();
  await dialog.getByLabel('Password', { exact: true }).fill(account.password);
  await dialog.getByRole('button', { name: 'Erase the account' }).click();

  await expect(page.getByText('Your account and what was yours are erased.')).toBeVisible();
  await signIn(page, account.userName, account.password);
  await expect(page.getByText('This name and this password do not belong together.')).toBeVisible();
});

test('an address is confirmed and a password set anew by the links in mails', async ({ page, veza }) => {
  const account = await Account.register(veza.address, 'mia');
  await page.goto(await mailedLink(veza, account.id, '/prove-email'));
  await page.getByRole('button', { name: 'Confirm' }).click();
  await expect(page.getByText('The address is confirmed.')).toBeVisible();

  await page.goto('/sign-in');
  await page.getByRole('link', { name: 'Forgot the password?' }).click();
  await page.getByLabel('E-mail').fill(`${account.userName}@example.org`);
  await page.getByRole('button', { name: 'Send the mail' }).click();
  await expect(page.getByText(/a mail is on its way/)).toBeVisible();

  await page.goto(await mailedLink(veza, account.id, '/reset-password'));
  await page.getByRole('textbox', { name: 'New password' }).fill('another horse battery');
  await page.getByRole('button', { name: 'Set the password' }).click();
  await expect(page.getByText('The password is set. Sign in with it.')).toBeVisible();
  await signIn(page, account.userName, 'another horse battery');
  await expect(page.getByRole('heading', { name: /Hello/ })).toBeVisible();
});
