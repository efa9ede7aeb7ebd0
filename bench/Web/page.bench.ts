import { setTimeout as after } from 'node:timers/promises';
import type { Account } from '../../tests/Web.Tests/account';
import { Conversation } from '../../tests/Web.Tests/conversation';
import { test, type Page } from '../../tests/Web.Tests/test';
import { figure, heapBytes, ms, percentile, spread, throttle, watchFrames } from './measure';

const Messages = Number(process.env['BENCH_MESSAGES'] ?? 100_000);
const SendersAtOnce = 32;

/** The same channel for all cases, made once. */
let made: Promise<{ owner: Account; id: string; channelId: string }> | undefined;

async function longChannel(owner: Account): Promise<{ owner: Account; id: string; channelId: string }> {
  const community = await owner.community('A long conversation');
  let next = 0;
  const send = async (): Promise<void> => {
    while (next < Messages) {
      const n = ++next;
      await owner.say(community.channelId, `Message ${n} ${'of a conversation that goes on '.repeat(n % 7)}`);
    }
  };
  await Promise.all(Array.from({ length: SendersAtOnce }, send));
  return { owner, ...community };
}

/** Encoded bytes of the scripts that were loaded so far. */
async function scriptBytes(page: Page): Promise<number> {
  return page.evaluate(() =>
    (performance.getEntriesByType('resource') as PerformanceResourceTiming[])
      .filter(({ name }) => /\.js($|\?)/.test(name))
      .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
  );
}

test('first load, 4 times slower processor, 1.6 Mbit/s, 150 ms', async ({ person, browser, veza }) => {
  const ana = await person('ana');
  const community = await ana.account.community('Vinyl diggers');
  for (let n = 0; n < 50; n++) await ana.account.say(community.channelId, `Message ${n}`);
  const screens: [string, string, (page: Page) => Promise<void>][] = [
    ['sign-in', '/sign-in', page => page.getByRole('button', { name: 'Sign in', exact: true }).waitFor()],
    ['start', '/', page => page.getByRole('heading', { level: 1 }).waitFor()],
    [
      'channel',
      `/communities/${community.id}/channels/${community.channelId}`,
      async page => {
        await page.getByRole('textbox', { name: /^Message #/ }).waitFor();
        await page.getByText('Message 49', { exact: true }).waitFor();
      },
    ],
  ];
  for (const [name, path, interactive] of screens) {
    const times: number[] = [];
    let bytes = 0;
    for (let round = 0; round < 5; round++) {
      // A new context has an empty cache.
      const context = await browser.newContext({
        baseURL: veza.address,
        ...(name === 'sign-in' ? {} : { storageState: ana.account.storage(veza.address) }),
      });
      const page = await context.newPage();
      await throttle(await context.newCDPSession(page));
      const from = performance.now();
      await page.goto(path, { waitUntil: 'commit' });
      await interactive(page);
      times.push(performance.now() - from);
      bytes = await scriptBytes(page);
      await context.close();
    }
    figure(`${name}, interactive after`, spread(times));
    figure(`${name}, compressed script`, `${(bytes / 1024).toFixed(0)} KiB`);
  }
});

test(`a channel of ${Messages} messages scrolls`, async ({ person }) => {
  const ana = await person('ana');
  made ??= longChannel(ana.account);
  const reader = await person('reader', { account: (await made).owner });
  await Conversation.open(reader.page, await made);
  await reader.page.getByRole('log').hover();
  const frames = await watchFrames(reader.page);
  // A wheel that a person turns fast: about 60 notches a second for ten seconds.
  const until = performance.now() + 10_000;
  while (performance.now() < until) await reader.page.mouse.wheel(0, -120);
  const up = await frames();
  figure('frame times, scrolling up', spread(up));
  const back = performance.now() + 5_000;
  while (performance.now() < back) await reader.page.mouse.wheel(0, 240);
  figure('frame times, scrolling down', spread(await frames()));
});

test('100 messages a second arrive while a person types', async ({ person }) => {
  const ana = await person('ana');
  const ben = await person('ben');
  const community = await ana.account.community('A fast conversation');
  await ben.account.put(`/api/v1/communities/${community.id}/members/me`);
  const his = await Conversation.open(ben.page, community);
  await ben.page.evaluate(() => {
    const latencies: number[] = [];
    (window as unknown as { latencies: number[] }).latencies = latencies;
    // The least duration that the browser reports is 16 ms: shorter ones count as that.
    new PerformanceObserver(list => {
      for (const entry of list.getEntries()) if (entry.name === 'keydown') latencies.push(entry.duration);
    }).observe({ type: 'event', durationThreshold: 16, buffered: false } as PerformanceObserverInit);
  });
  const sent: Promise<unknown>[] = [];
  let typed = 0;
  await his.field.focus();
  const frames = await watchFrames(ben.page);
  const from = performance.now();
  for (let n = 0; n < 1_500; n++) {
    sent.push(ana.account.say(community.channelId, `Message ${n}`));
    if (n % 10 === 0) {
      await ben.page.keyboard.press('a');
      typed++;
    }
    const due = from + n * 10;
    if (performance.now() < due) await after(due - performance.now());
  }
  await Promise.all(sent);
  const seconds = (performance.now() - from) / 1000;
  const slow = await ben.page.evaluate(() => (window as unknown as { latencies: number[] }).latencies);
  const all = [...slow, ...Array.from({ length: Math.max(0, typed - slow.length) }, () => 16)];
  figure('arrived', `${(1_500 / seconds).toFixed(0)} messages/s`);
  const largest = ms(Math.max(...all));
  figure('from a key to the next paint', `P95 ${ms(percentile(all, 0.95))}, max ${largest}, ${typed} keys`);
  figure('frame times', spread(await frames()));
});

test('memory after 10,000 messages read and left', async ({ person }) => {
  const ana = await person('ana');
  made ??= longChannel(ana.account);
  const { owner, ...community } = await made;
  const { page } = await person('reader', { account: owner });
  const debugging = await page.context().newCDPSession(page);
  // The screens' own code is loaded before the first measurement.
  await Conversation.open(page, community);
  await page.getByRole('link', { name: 'Home' }).click();
  await page.getByRole('heading', { level: 1 }).waitFor();
  const before = await heapBytes(debugging);
  await page.goBack();
  await page.getByRole('log').hover();
  const seen = new Set<string>();
  const log = new Conversation(page);
  while (seen.size < Math.min(10_000, Messages)) {
    await page.mouse.wheel(0, -1_200);
    for (const id of await log.drawn()) seen.add(id);
  }
  figure('while reading', `${((await heapBytes(debugging)) / 1e6).toFixed(1)} MB`);
  await page.getByRole('link', { name: 'Home' }).click();
  await page.getByRole('heading', { level: 1 }).waitFor();
  const left = await heapBytes(debugging);
  figure('before, and after it was left', `${(before / 1e6).toFixed(1)} MB, ${(left / 1e6).toFixed(1)} MB`);
});
