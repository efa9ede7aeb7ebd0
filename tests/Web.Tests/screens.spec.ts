import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Account } from './account';
import { expectAccessible, expectNoOverflow } from './looks';
import { screens } from './screens';
import { expect, test } from './test';

const devices = { desk: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };
type Look = readonly [device: keyof typeof devices, theme: 'light' | 'dark'];

/** Each device and each theme once; the long form has every pair, high contrast, and pictures for people. */
const isLong = process.env['VEZA_FAULTS'] !== undefined;
const looks: readonly Look[] = isLong
  ? [
      ['desk', 'light'],
      ['desk', 'dark'],
      ['phone', 'light'],
      ['phone', 'dark'],
    ]
  : [
      ['desk', 'light'],
      ['phone', 'dark'],
    ];

const shots = path.join(fileURLToPath(new URL('.', import.meta.url)), 'shots');

for (const screen of screens)
  test(`${screen.name} looks well in each theme, on desk and phone`, async ({ person, veza, browser, watch }) => {
    const me = screen.operator
      ? await Account.operator(veza.address, veza.home)
      : await Account.register(veza.address, 'mira');
    const where = typeof screen.path === 'string' ? screen.path : await screen.path(me);
    const page = screen.open
      ? await browser.newContext({ baseURL: veza.address }).then(async context => {
          await watch.over(context);
          return context.newPage();
        })
      : (await person('mira', { account: me })).page;
    await page.goto(where);
    await expect(screen.shows(page).first()).toBeVisible();
    await screen.then?.(page);

    for (const [device, theme] of looks)
      await test.step(`${device} ${theme}`, async () => {
        await page.setViewportSize(devices[device]);
        await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
        await expect(screen.shows(page).first()).toBeVisible();
        if (isLong) await page.screenshot({ path: path.join(shots, `${screen.name}-${device}-${theme}.png`) });
        await expectNoOverflow(page);
        await expectAccessible(page);
      });

    const highContrast = async (): Promise<void> => {
      await page.evaluate(() => (document.documentElement.dataset['theme'] = 'contrast'));
      await expectAccessible(page);
      await page.evaluate(() => delete document.documentElement.dataset['theme']);
      await page.emulateMedia({ forcedColors: 'active' });
      await expectAccessible(page);
      await page.emulateMedia({ forcedColors: 'none' });
    };
    if (isLong) await test.step('high contrast', highContrast);

    await test.step('right to left', async () => {
      await page.evaluate(() => (document.documentElement.dir = 'rtl'));
      await expectNoOverflow(page);
      await page.setViewportSize(devices.desk);
      await expectNoOverflow(page);
    });
    await page.context().close();
  });
