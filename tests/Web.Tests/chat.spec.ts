import type { Account } from './account';
import { expect, test, type Locator, type Page } from './test';

const log = (page: Page): Locator => page.getByRole('log');
const message = (page: Page, text: string): Locator => log(page).getByRole('article').filter({ hasText: text });
const composer = (page: Page): Locator => page.getByRole('textbox', { name: /^Message #/ });
const at = (place: { id: string; channelId: string }): string => `/communities/${place.id}/channels/${place.channelId}`;

async function say(page: Page, text: string): Promise<void> {
  await composer(page).fill(text);
  await composer(page).press('Enter');
}

const join = (account: Account, communityId: string): Promise<unknown> =>
  account.put(`/api/v1/communities/${communityId}/members/me`);

test('a person makes a community, and writes its first message by keyboard alone', async ({ person }) => {
  const { page } = await person('ann');
  await page.goto('/communities');
  await page.getByLabel('Name').fill('The band');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'general', exact: true })).toBeVisible();
  await expect(composer(page)).toBeFocused();
  await page.keyboard.type('Hello **world**');
  await page.keyboard.press('Enter');
  await expect(message(page, 'Hello world').locator('strong')).toHaveText('world');
  await expect(page.locator('[data-waiting]')).toHaveCount(0);
});

test('two persons join by link, talk, react, edit, reply and delete', async ({ person, watch }) => {
  // The link leads to a channel, which is for members.
  watch.expect(/status of 403/);
  const ann = await person('ann');
  const bob = await person('bob');
  const place = await ann.account.community('Friends');
  await bob.page.goto(at(place));
  await bob.page.getByRole('button', { name: 'Join' }).click();
  await expect(composer(bob.page)).toBeVisible();
  await ann.page.goto(at(place));
  await expect(composer(ann.page)).toBeVisible();

  await say(ann.page, 'First');
  await expect(message(bob.page, 'First')).toBeVisible();
  await say(bob.page, 'Second');
  await expect(message(ann.page, 'Second')).toBeVisible();
  await expect(message(ann.page, 'Second')).toContainText(bob.account.userName);

  await message(bob.page, 'First').hover();
  await message(bob.page, 'First').getByRole('button', { name: 'Add a reaction' }).first().click();
  await bob.page.getByPlaceholder('Search an emoji').fill('pizza');
  await bob.page.getByRole('button', { name: 'pizza' }).click();
  await expect(message(ann.page, 'First').getByRole('button', { name: '🍕, 1 reaction' })).toBeVisible();
  await message(ann.page, 'First').getByRole('button', { name: '🍕, 1 reaction' }).click();
  await expect(message(bob.page, 'First').getByRole('button', { name: '🍕, 2 reactions' })).toBeVisible();
  await message(ann.page, 'First').getByRole('button', { name: '🍕, 2 reactions' }).click();
  await expect(message(bob.page, 'First').getByRole('button', { name: '🍕, 1 reaction' })).toBeVisible();

  await composer(ann.page).press('ArrowUp');
  await ann.page.getByRole('textbox', { name: 'Edit the message' }).fill('First, and better');
  await ann.page.keyboard.press('Enter');
  await expect(message(bob.page, 'First, and better')).toContainText('edited');
  await message(bob.page, 'First, and better').getByRole('button', { name: 'edited' }).click();
  await expect(bob.page.getByRole('dialog').getByRole('listitem')).toHaveCount(2);
  await bob.page.keyboard.press('Escape');

  await message(bob.page, 'First, and better').hover();
  await message(bob.page, 'First, and better').getByRole('button', { name: 'Reply' }).click();
  await say(bob.page, 'I agree');
  const reply = message(ann.page, 'I agree');
  await expect(reply.getByRole('button', { name: `Go to the message of ${ann.account.userName}` })).toBeVisible();

  await message(bob.page, 'Second').hover();
  await message(bob.page, 'Second').getByRole('button', { name: 'More' }).click();
  await bob.page.getByRole('menuitem', { name: 'Delete' }).click();
  await bob.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(message(ann.page, 'Second')).toHaveCount(0);
  await expect(message(bob.page, 'Second')).toHaveCount(0);
});

test('slow mode counts down, and announcements are for those who manage messages', async ({ person }) => {
  const ann = await person('ann');
  const bob = await person('bob');
  const place = await ann.account.community('Rules');
  await join(bob.account, place.id);
  const made = `/api/v1/communities/${place.id}/channels`;
  const slow = await ann.account.post(made, { name: 'slow', kind: 'text', slowModeSeconds: 600 });
  const news = await ann.account.post(made, { name: 'news', kind: 'announcement' });
  await bob.page.goto(`/communities/${place.id}/channels/${slow.id}`);
  await say(bob.page, 'One thought');
  await expect(message(bob.page, 'One thought')).toBeVisible();
  await expect(bob.page.getByText(/^Slow mode: you can write again in (9:|10:00)/)).toBeVisible();
  await composer(bob.page).fill('Another');
  await expect(bob.page.getByRole('button', { name: 'Send' })).toBeDisabled();
  await bob.page.getByRole('link', { name: 'news' }).click();
  await expect(bob.page.getByText('Only members who manage messages write in this channel.')).toBeVisible();
  await ann.page.goto(`/communities/${place.id}/channels/${news.id}`);
  await say(ann.page, 'Hear, hear');
  await expect(message(bob.page, 'Hear, hear')).toBeVisible();
});

test('who types is shown, and where messages wait', async ({ person }) => {
  const ann = await person('ann');
  const bob = await person('bob');
  const place = await ann.account.community('Quiet');
  await join(bob.account, place.id);
  const other = await ann.account.post(`/api/v1/communities/${place.id}/channels`, { name: 'other', kind: 'text' });
  await ann.page.goto(`/communities/${place.id}/channels/${other.id}`);
  await bob.page.goto(at(place));
  await expect(composer(bob.page)).toBeVisible();
  await expect(composer(ann.page)).toBeVisible();

  await say(bob.page, 'Are you there?');
  const general = ann.page.getByRole('link', { name: /general/ });
  await expect(general).toContainText('1 unread message');
  await expect(ann.page.getByRole('navigation', { name: 'Places' })).toContainText('1 unread message');
  await general.click();
  await expect(message(ann.page, 'Are you there?')).toBeVisible();
  await expect(log(ann.page).getByText('New messages')).toBeVisible();
  await expect(general).not.toContainText('unread');

  await expect(async () => {
    await composer(bob.page).pressSequentially('…');
    await expect(ann.page.getByText(`${bob.account.userName} is typing…`)).toBeVisible({ timeout: 4_000 });
  }).toPass({ timeout: 40_000 });
});

test('a thousand messages scroll up without a jump', async ({ person }) => {
  // They are written first.
  test.setTimeout(240_000);
  const ann = await person('ann');
  const place = await ann.account.community('Long');
  for (let i = 0; i < 1000; i += 20)
    await Promise.all(
      Array.from({ length: 20 }, (_, j) =>
        ann.account.say(place.channelId, `message ${i + j} ${'and more words '.repeat((i + j * 7) % 23)}`),
      ),
    );
  await ann.page.goto(at(place));
  await expect(log(ann.page).getByRole('article').last()).toBeVisible();

  // Wheel up through everything; what is in the middle stays where the wheel put it.
  const jumps = await ann.page.evaluate(async () => {
    const scroller = document.querySelector('[role=log]') as HTMLElement;
    const frame = (): Promise<unknown> => new Promise(resolve => requestAnimationFrame(resolve));
    const found: string[] = [];
    const middle = (): HTMLElement | undefined => {
      const { top, height } = scroller.getBoundingClientRect();
      return [...scroller.querySelectorAll<HTMLElement>('[data-message]')].find(
        row => row.getBoundingClientRect().bottom > top + height / 2,
      );
    };
    let idle = 0;
    let most = 0;
    while (idle < 200 && document.querySelector('.start h2') === null) {
      const before = middle();
      const text = before?.querySelector('.markdown');
      const was = text?.getBoundingClientRect().top ?? 0;
      const scrolledFrom = scroller.scrollTop;
      scroller.scrollTop -= 120;
      const moved = scrolledFrom - scroller.scrollTop;
      idle = moved === 0 ? idle + 1 : 0;
      for (let i = 0; i < 3; i++) {
        await frame();
        if (text?.isConnected !== true) continue;
        const off = text.getBoundingClientRect().top - was - moved;
        if (Math.abs(off) > 1) found.push(`${before?.dataset['message']} moved by ${off} of ${moved}`);
      }
      most = Math.max(most, scroller.querySelectorAll('[data-message]').length);
    }
    return { found, most, reached: document.querySelector('.start h2') !== null };
  });
  expect(jumps.found).toEqual([]);
  expect(jumps.reached).toBe(true);
  expect(jumps.most).toBeLessThan(150);
  await expect(message(ann.page, 'message 0 ')).toBeVisible();

  await ann.page.getByRole('button', { name: 'Jump to the newest message' }).click();
  await expect(log(ann.page).getByRole('article').filter({ hasText: 'message 999 ' })).toBeInViewport();
});

test('a message that no server takes is shown as not sent, and is sent once', async ({ person, veza, watch }) => {
  watch.expect(/ERR_CONNECTION|Failed to load resource|WebSocket|Failed to start the connection|status of 50[0-9]/);
  const ann = await person('ann');
  const bob = await person('bob');
  const place = await ann.account.community('Storm');
  await join(bob.account, place.id);
  await ann.page.goto(at(place));
  await say(ann.page, 'Before');
  await expect(message(ann.page, 'Before')).toBeVisible();
  await expect(ann.page.locator('[data-waiting]')).toHaveCount(0);

  await veza.kill();
  await say(ann.page, 'In the storm');
  await expect(ann.page.getByRole('alert')).toContainText('Not sent');
  await veza.start();
  await ann.page.reload();
  await expect(ann.page.getByRole('alert')).toContainText('Not sent');
  await ann.page.getByRole('button', { name: 'Send again' }).click();
  await expect(message(ann.page, 'In the storm')).toHaveCount(1);
  await expect(ann.page.locator('[data-waiting]')).toHaveCount(0);

  await bob.page.goto(at(place));
  await expect(message(bob.page, 'In the storm')).toHaveCount(1);
});

test('an owner times a member out and bans it, and both are said kindly', async ({ person }) => {
  const ann = await person('ann');
  const bob = await person('bob');
  const place = await ann.account.community('Order');
  await join(bob.account, place.id);
  await ann.page.goto(at(place));
  await bob.page.goto(at(place));
  await expect(composer(bob.page)).toBeVisible();

  const card = async (): Promise<Locator> => {
    await ann.page.getByRole('complementary').getByRole('button', { name: bob.account.userName }).click();
    return ann.page.getByRole('dialog');
  };
  let dialog = await card();
  await dialog.getByRole('button', { name: 'Time out' }).click();
  await dialog.getByLabel('Reason').fill('Calm down');
  await dialog.getByRole('button', { name: 'Time out' }).click();
  await expect(bob.page.getByText('You can only read here until')).toBeVisible();

  await ann.page.getByRole('button', { name: /^Menu of/ }).click();
  await ann.page.getByRole('menuitem', { name: 'Bans and time-outs' }).click();
  await expect(ann.page.getByRole('dialog')).toContainText('Calm down');
  await ann.page.getByRole('button', { name: 'End the time-out' }).click();
  await expect(ann.page.getByText('No bans or time-outs')).toBeVisible();
  await ann.page.keyboard.press('Escape');
  await expect(composer(bob.page)).toBeVisible();

  dialog = await card();
  await dialog.getByRole('button', { name: 'Ban' }).click();
  await dialog.getByLabel('Reason').fill('Spam');
  await dialog.getByRole('button', { name: 'Ban' }).click();
  await expect(bob.page.getByText('You were banned from Order: Spam')).toBeVisible();
  await expect(bob.page).toHaveURL(/\/communities$/);
});

test('a hostile message is text, and covers nothing', async ({ person }) => {
  const ann = await person('ann');
  const place = await ann.account.community('<img src=x onerror=alert(1)>');
  const script = '<script>alert(1)</script> <img src=x onerror=alert(1)> [a](javascript:alert(1))';
  await ann.account.say(place.channelId, script);
  await ann.account.say(place.channelId, `\u202Etxt.exe ${'Z\u0351\u0352\u0353'.repeat(1000)}`);
  await ann.account.say(place.channelId, 'W'.repeat(8000));
  await ann.account.say(place.channelId, '1. '.repeat(2700));
  await ann.account.say(place.channelId, 'after all that');
  await ann.page.goto(at(place));
  await expect(message(ann.page, 'after all that')).toBeVisible();
  await expect(log(ann.page).locator('script, img, a')).toHaveCount(0);
  const wide = await log(ann.page).evaluate(element => element.scrollWidth - element.clientWidth);
  expect(wide).toBe(0);
});

test('keys go from message to message, and to their actions', async ({ person }) => {
  const ann = await person('ann');
  const place = await ann.account.community('Keys');
  for (const text of ['one', 'two', 'three']) await ann.account.say(place.channelId, text);
  await ann.page.goto(at(place));
  await message(ann.page, 'three').focus();
  await ann.page.keyboard.press('ArrowUp');
  await expect(message(ann.page, 'two')).toBeFocused();
  await ann.page.keyboard.press('Home');
  await expect(message(ann.page, 'one')).toBeFocused();
  await ann.page.keyboard.press('End');
  await expect(message(ann.page, 'three')).toBeFocused();
});

test('the past of a channel shows what was there, and takes no writing', async ({ person }) => {
  const ann = await person('ann');
  const place = await ann.account.community('Memory');
  const first = await ann.account.say(place.channelId, 'once upon a time');
  const { position } = await ann.account.get<{ position: number }>(`/api/v1/messages/${first}`);
  await ann.account.patch(`/api/v1/messages/${first}`, { text: 'and now' });
  await ann.account.say(place.channelId, 'the end');
  await ann.page.goto(`${at(place)}?asOf=${position}`);
  await expect(message(ann.page, 'once upon a time')).toBeVisible();
  await expect(log(ann.page).getByRole('article')).toHaveCount(1);
  await expect(composer(ann.page)).toHaveCount(0);
  await ann.page.getByRole('button', { name: 'Back to now', exact: true }).click();
  await expect(message(ann.page, 'the end')).toBeVisible();
  await expect(message(ann.page, 'and now')).toBeVisible();
  await expect(composer(ann.page)).toBeVisible();
});

test('a link leads to a message far up, and the way back is whole', async ({ person }) => {
  const ann = await person('ann');
  const place = await ann.account.community('Far');
  const target = await ann.account.say(place.channelId, 'the one that is looked for');
  for (let i = 0; i < 160; i += 20)
    await Promise.all(Array.from({ length: 20 }, (_, j) => ann.account.say(place.channelId, `later ${i + j}.`)));
  await ann.page.goto(`${at(place)}?message=${target}`);
  await expect(message(ann.page, 'the one that is looked for')).toBeInViewport();
  await expect(message(ann.page, 'the one that is looked for')).toBeFocused();
  // Down to the newest by the wheel: the pages between are read on the way.
  await log(ann.page).hover();
  await expect(async () => {
    await ann.page.mouse.wheel(0, 2_000);
    await expect(ann.page.getByRole('button', { name: 'Jump to the newest message' })).toHaveCount(0, { timeout: 100 });
  }).toPass();
  await expect(log(ann.page).getByRole('article').last()).toBeInViewport();
});
