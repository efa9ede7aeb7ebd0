import { heardTo, listen, sound, upload } from './music';
import { expect, test, type Page } from './test';

/** The heights of the wave's bars in the four quarters of the canvas, as shares of its height. */
function quarters(page: Page): Promise<number[]> {
  return page.locator('main canvas').evaluate(canvas => {
    const { width, height } = canvas as HTMLCanvasElement;
    const pixels = (canvas as HTMLCanvasElement).getContext('2d')?.getImageData(0, 0, width, height).data ?? [];
    const tallest = (from: number, to: number): number => {
      let tall = 0;
      for (let x = Math.ceil(from); x < to; x++) {
        let painted = 0;
        for (let y = 0; y < height; y++) if ((pixels[(y * width + x) * 4 + 3] ?? 0) > 0) painted++;
        tall = Math.max(tall, painted / height);
      }
      return tall;
    };
    return [0, 1, 2, 3].map(i => tallest((i + 0.1) * (width / 4), (i + 0.9) * (width / 4)));
  });
}

test('a FLAC is uploaded, shows its waveform and plays, and the play is counted', async ({ person }) => {
  const { page } = await person('ana');
  await page.goto('/upload');
  await page.setInputFiles('input[type=file]', {
    name: '03 - night_bus.flac',
    mimeType: 'audio/flac',
    buffer: await sound(6),
  });
  await expect(page.getByRole('textbox', { name: 'Title' })).toHaveValue('night bus');
  await page.getByRole('combobox', { name: 'Genre' }).fill('Ambient');
  await page.getByRole('button', { name: 'Upload 1 track' }).click();
  await expect(page.getByText('Ready', { exact: true })).toBeVisible({ timeout: 60_000 });
  await page.getByRole('link', { name: 'Open the track' }).click();

  await expect(page.getByRole('heading', { name: 'night bus' })).toBeVisible();
  await expect(page.getByRole('main').getByRole('slider')).toHaveAttribute('aria-valuetext', '0:00 of 0:06');
  await expect.poll(async () => (await quarters(page))[0]).toBeGreaterThan(0.9);
  const [, silent = 1, loud = 0, quiet = 1] = await quarters(page);
  expect(silent).toBeLessThan(0.05);
  expect(loud).toBeGreaterThan(0.9);
  expect(quiet).toBeLessThan(0.4);

  await page.getByRole('main').getByRole('button', { name: 'Play night bus' }).click();
  await expect.poll(() => heardTo(page)).toBeGreaterThan(0.3);
  const first = await heardTo(page);
  await expect.poll(() => heardTo(page)).toBeGreaterThan(first);
  // Half the track is heard, in real time.
  await expect(page.getByText('1 play', { exact: true })).toBeVisible({ timeout: 30_000 });
  await page.getByRole('link', { name: 'Music' }).click();
  await page.getByRole('link', { name: 'History' }).click();
  await expect(page.getByText('Counted', { exact: true })).toBeVisible();
});

test('the player goes on while a person moves about, and keeps its queue over a reload', async ({ person }) => {
  const { account, page } = await person('ana');
  for (const title of ['first', 'second', 'third']) await upload(account, title, 20);
  await page.goto(`/accounts/${account.id}`);
  await page.getByRole('button', { name: 'Play third' }).click();
  await expect.poll(() => heardTo(page)).toBeGreaterThan(0.2);
  await page.getByRole('link', { name: 'Music' }).click();
  await expect(page.getByRole('heading', { name: 'Feed' })).toBeVisible();
  const player = page.getByRole('region', { name: 'Player' });
  await expect(player.getByRole('button', { name: 'Pause' })).toBeVisible();
  const before = await heardTo(page);
  await expect.poll(() => heardTo(page)).toBeGreaterThan(before);

  // Space pauses where no control has the focus; on the slider the arrows seek.
  await page.getByRole('main').focus();
  await page.keyboard.press('Space');
  await expect(player.getByRole('button', { name: 'Play' })).toBeVisible();
  await player.getByRole('slider', { name: 'Position in the track' }).press('End');
  await expect.poll(() => heardTo(page)).toBeCloseTo(15, 0);
  await page.reload();
  await expect(player.getByRole('slider', { name: 'Position in the track' })).toHaveAttribute('aria-valuenow', '15');

  await player.getByRole('button', { name: 'Queue' }).click();
  const rows = page.getByRole('list', { name: 'Queue' }).getByRole('listitem');
  await expect(rows).toContainText(['third', 'second', 'first']);
  await page.getByRole('button', { name: 'Move first: arrow up and down' }).press('ArrowUp');
  await expect(rows).toContainText(['third', 'first', 'second']);
  await page.getByRole('button', { name: 'Remove second' }).click();
  await page.keyboard.press('Escape');
  await player.getByRole('button', { name: 'Next track' }).click();
  await expect(player.getByRole('link', { name: 'first' })).toBeVisible();

  await page.reload();
  await expect(player.getByRole('link', { name: 'first' })).toBeVisible();
  await player.getByRole('button', { name: 'Play' }).click();
  await expect.poll(() => heardTo(page)).toBeGreaterThan(0.2);
});

test('a comment is pinned to its moment, in another browser too', async ({ person }) => {
  const [ana, bo] = [await person('ana'), await person('bo')];
  const track = await upload(ana.account, 'Pinned', 10);
  await bo.page.goto(`/tracks/${track}`);
  await expect(bo.page.getByText('No comments yet')).toBeVisible();
  await ana.page.goto(`/tracks/${track}`);
  await ana.page.getByRole('main').getByRole('button', { name: 'Play Pinned' }).click();
  await expect.poll(() => heardTo(ana.page)).toBeGreaterThan(2);
  await ana.page.getByRole('textbox', { name: /^Comment at 0:0/ }).fill('this drop!');
  await ana.page.getByRole('button', { name: 'Comment', exact: true }).click();
  for (const { page } of [ana, bo]) {
    await expect(page.getByRole('listitem').filter({ hasText: 'this drop!' })).toContainText(ana.account.userName);
    await expect(page.locator('.pins button')).toHaveCount(1);
    await expect(page.getByText('1 comment', { exact: true })).toBeVisible();
  }
  await bo.page.getByRole('button', { name: 'Like', exact: true }).click();
  await expect(bo.page.getByRole('button', { name: 'Liked' })).toHaveAttribute('aria-pressed', 'true');
  await expect(ana.page.getByText('1 like', { exact: true })).toBeVisible();
  await bo.page.getByRole('button', { name: /^Play from 0:0/ }).click();
  await expect.poll(() => heardTo(bo.page)).toBeGreaterThan(1.9);
});

test('following fills the feed, and the feed and the chart change live', async ({ person }) => {
  const [ana, bo] = [await person('ana'), await person('bo')];
  const genre = `Dub ${ana.account.userName}`;
  const first = await upload(ana.account, 'Before', 2, genre);
  await bo.page.goto(`/accounts/${ana.account.id}`);
  await expect(bo.page.getByText('0 followers')).toBeVisible();
  await bo.page.getByRole('button', { name: 'Follow', exact: true }).click();
  await expect(bo.page.getByText('1 follower', { exact: true })).toBeVisible();

  await bo.page.getByRole('link', { name: 'Music' }).click();
  const entries = bo.page.getByRole('article');
  await expect(entries.filter({ hasText: 'Before' })).toContainText('uploaded a track');
  await upload(ana.account, 'Fresh', 2, genre);
  await expect(entries.first()).toContainText('Fresh');
  await expect(entries.first()).toContainText(ana.account.userName);
  await expect(entries).toHaveCount(2);

  await bo.page.goto(`/charts?genre=${encodeURIComponent(genre)}`);
  await listen(ana.account, first);
  const chart = bo.page.getByRole('main').getByRole('listitem');
  await expect(chart.filter({ hasText: 'Before' })).toContainText('1 play');
});

test('a file that is no sound is named with the reason, and a hostile name is text', async ({ person, watch }) => {
  watch.expect(/415/);
  const { page } = await person('ana');
  await page.goto('/upload');
  const name = '<img src=x onerror=alert(1)>\u202E.flac';
  const dropped = await page.evaluateHandle(name => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(['no sound'], name, { type: 'audio/flac' }));
    return transfer;
  }, name);
  await page.getByRole('group', { name: 'Drop sound files here' }).dispatchEvent('drop', { dataTransfer: dropped });
  await page.getByRole('button', { name: 'Upload 1 track' }).click();
  const fault = page.getByRole('alert');
  await expect(fault).toContainText(`${name} was not taken`);
  await expect(fault).toContainText('not readable sound');
  await fault.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('textbox', { name: 'Title' })).toBeVisible();
});

test('an upload shows its progress, and leaves nothing when it is cancelled', async ({ person, browserName }) => {
  test.skip(browserName !== 'chromium', 'only its debugger slows the network');
  const { account, page } = await person('ana');
  await page.goto('/upload');
  const network = await page.context().newCDPSession(page);
  const slow = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 40_000 };
  await network.send('Network.emulateNetworkConditions', slow);
  const file = { name: 'long.wav', mimeType: 'audio/wav', buffer: await sound(30, 'wav') };
  await page.setInputFiles('input[type=file]', file);
  await page.getByRole('button', { name: 'Upload 1 track' }).click();
  await expect(page.getByText(/of 2\.6 MB, .* a second/)).toBeVisible();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByText('Cancelled')).toBeVisible();
  const { items } = await account.get<{ items: unknown[] }>(`/api/v1/accounts/${account.id}/tracks`);
  expect(items).toEqual([]);
});

test('a sound that cannot be loaded says so, and plays when it is tried again', async ({ person, watch }) => {
  watch.expect(/Failed to load resource|ERR_FAILED/);
  const { account, page } = await person('ana');
  const track = await upload(account, 'Broken line', 10);
  await page.goto(`/tracks/${track}`);
  await page.route(/\/audio\?/, route => route.abort());
  await page.getByRole('main').getByRole('button', { name: 'Play Broken line' }).click();
  const player = page.getByRole('region', { name: 'Player' });
  await expect(player.getByRole('alert')).toContainText('could not be loaded');
  await page.unroute(/\/audio\?/);
  await player.getByRole('button', { name: 'Try again' }).click();
  await expect.poll(() => heardTo(page)).toBeGreaterThan(0.2);
  await expect(player.getByRole('alert')).toHaveCount(0);
});

test('a track, a profile and a chart show what they were, and why a number is what it is', async ({ person }) => {
  const [ana, bo] = [await person('ana'), await person('bo')];
  const genre = `Past ${ana.account.userName}`;
  const track = await upload(ana.account, 'Then', 2, genre);
  const { position } = await bo.account.put(`/api/v1/tracks/${track}/likes/me`);
  await bo.account.put(`/api/v1/accounts/${ana.account.id}/followers/me`);
  await listen(bo.account, track);
  const { page } = ana;

  await page.goto(`/tracks/${track}`);
  await expect(page.getByRole('button', { name: '1 play', exact: true })).toBeVisible();
  await page.getByRole('button', { name: '1 like', exact: true }).click();
  await expect(page.getByRole('dialog')).toContainText(bo.account.userName);
  await page.keyboard.press('Escape');
  await page.goto(`/tracks/${track}?asOf=${position - 1}`);
  await expect(page.getByRole('button', { name: '0 likes' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Like', exact: true })).toHaveCount(0);

  await page.goto(`/accounts/${ana.account.id}?asOf=${position}`);
  await expect(page.getByRole('button', { name: '0 followers' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Then' })).toBeVisible();
  await page.goto(`/charts?genre=${encodeURIComponent(genre)}&asOf=${position}`);
  await expect(page.getByText('Nothing was played in this time')).toBeVisible();
  await page.goto(`/charts?genre=${encodeURIComponent(genre)}`);
  await page.getByRole('button', { name: '1 play' }).click();
  await expect(page.getByRole('dialog')).toContainText(bo.account.userName);
});
