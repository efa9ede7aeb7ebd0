import { Line } from './line';
import { Source } from './source';
import { expect, test, type Page } from './test';

test.use({ contextOptions: { reducedMotion: 'reduce', permissions: ['microphone'] } });

/** Goes live with Chromium's microphone, which beeps once a second. */
async function goLive(page: Page, title: string): Promise<void> {
  await page.goto('/live/new');
  await page.getByLabel('Title').fill(title);
  await page.getByRole('button', { name: 'Microphone' }).click();
  await page.getByRole('button', { name: 'Go live now' }).click();
  await expect(page.getByText('On the air', { exact: true })).toBeVisible();
}

/** The loudest sample that the page's audio element has played, from now on. */
async function listenIn(page: Page): Promise<() => Promise<number>> {
  await page.locator('audio').waitFor({ state: 'attached' });
  await page.evaluate(() => {
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    const audio = document.querySelector('audio')!;
    context.createMediaElementSource(audio).connect(analyser).connect(context.destination);
    const samples = new Float32Array(analyser.fftSize);
    const heard = window as unknown as { peak: number };
    heard.peak = 0;
    setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      heard.peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), heard.peak);
    }, 10);
  });
  return () =>
    page.evaluate(() => {
      const heard = window as unknown as { peak: number };
      const peak = heard.peak;
      heard.peak = 0;
      return peak;
    });
}

test('a person goes live from the microphone, another hears it, and both see the end', async ({ person }) => {
  const [mira, otto] = [(await person('mira')).page, (await person('otto')).page];
  await goLive(mira, 'Beeps at night');

  await otto.goto('/live');
  await otto.getByRole('link', { name: 'Beeps at night' }).click();
  await expect(otto.getByRole('heading', { name: 'Beeps at night' })).toBeVisible();
  const peak = await listenIn(otto);
  await otto.getByRole('button', { name: 'Listen', exact: true }).click();
  await expect(otto.getByText('You are listening')).toBeVisible();
  await expect.poll(peak, { message: 'the microphone beeps' }).toBeGreaterThan(0.05);
  const at = (): Promise<number> => otto.evaluate(() => document.querySelector('audio')!.currentTime);
  const before = await at();
  await expect.poll(at).toBeGreaterThan(before);
  await expect(mira.getByText('1 listener')).toBeVisible();

  await mira.getByRole('button', { name: 'Stop' }).click();
  await mira.getByRole('button', { name: 'End it' }).click();
  await expect(mira.getByText('You ended the broadcast')).toBeVisible();
  await expect(otto.getByText('This broadcast is over.')).toBeVisible();
  expect(await otto.evaluate(() => document.querySelector('audio')!.paused)).toBe(true);
});

test('a broadcast whose network breaks goes on by itself, and its listener hears it again', async ({
  person,
  veza,
  watch,
}) => {
  watch.expect(/WebSocket connection to|ERR_CONNECTION|Failed to load resource|net::ERR/);
  const line = await Line.to(veza);
  const { page: mira } = await person('mira', { at: line.address });
  const { page: otto } = await person('otto');
  await goLive(mira, 'Shaky line');
  await otto.goto('/live');
  await otto.getByRole('link', { name: 'Shaky line' }).click();
  const peak = await listenIn(otto);
  await otto.getByRole('button', { name: 'Listen', exact: true }).click();
  await expect.poll(peak).toBeGreaterThan(0.05);

  line.cut();
  await expect(mira.getByText('Reconnecting…').first()).toBeVisible();
  await expect(otto.getByText('The sound is away for a moment.')).toBeVisible();
  line.mend();
  await expect(mira.getByText('On the air', { exact: true })).toBeVisible();
  await expect(otto.getByText('On the air', { exact: true })).toBeVisible();
  await peak();
  await expect.poll(peak, { message: 'it beeps again' }).toBeGreaterThan(0.05);
  await mira.getByRole('button', { name: 'Stop' }).click();
  await mira.getByRole('button', { name: 'End it' }).click();
  await expect(otto.getByText('This broadcast is over.')).toBeVisible();
  await line.close();
});

test('muting sends silence, and looking around keeps the broadcast on the air', async ({ person }) => {
  const [mira, otto] = [(await person('mira')).page, (await person('otto')).page];
  await goLive(mira, 'Quiet please');
  await mira.getByRole('button', { name: 'Mute' }).click();
  await expect(mira.getByText('You are muted')).toBeVisible();
  await mira.getByRole('link', { name: 'What listeners see' }).click();
  await expect(mira.getByText('This is your broadcast')).toBeVisible();
  await otto.goto(new URL(mira.url()).pathname);
  const peak = await listenIn(otto);
  await otto.getByRole('button', { name: 'Listen', exact: true }).click();

  await mira.getByRole('link', { name: 'To the controls' }).click();
  await mira.getByRole('button', { name: 'Mute', pressed: true }).click();
  await expect.poll(peak, { message: 'it beeps' }).toBeGreaterThan(0.05);
  await mira.getByRole('button', { name: 'Mute', pressed: false }).click();
  const at = (): Promise<number> => otto.evaluate(() => document.querySelector('audio')!.currentTime);
  // Twice the distance between two beeps, heard without one.
  const quiet = async (): Promise<boolean> => {
    await peak();
    const before = await at();
    await expect.poll(at).toBeGreaterThan(before + 2);
    return (await peak()) < 0.01;
  };
  await expect.poll(quiet, { message: 'it is silent' }).toBe(true);
  await mira.getByRole('button', { name: 'Stop' }).click();
  await mira.getByRole('button', { name: 'End it' }).click();
  await expect(mira.getByText('You ended the broadcast')).toBeVisible();
});

test('signing out lets the microphone go', async ({ person, watch }) => {
  // Requests that are under way when the session ends are refused.
  watch.expect(/status of 401/);
  const [mira, otto] = [(await person('mira')).page, (await person('otto')).page];
  await mira.addInitScript(() => {
    const media = navigator.mediaDevices;
    const ask = media.getUserMedia.bind(media);
    media.getUserMedia = async wishes => {
      const microphone = await ask(wishes);
      Object.assign(window, { microphone });
      return microphone;
    };
  });
  await goLive(mira, 'Forgotten');
  await otto.goto('/live');
  await otto.getByRole('link', { name: 'Forgotten' }).click();
  await expect(otto.getByText('On the air', { exact: true })).toBeVisible();
  await mira.getByRole('button', { name: /^Your account/ }).click();
  await mira.getByRole('menuitem', { name: 'Sign out' }).click();
  await expect(otto.getByText(/^(Interrupted|Ended)$/)).toBeVisible();
  const state = (): Promise<string | undefined> =>
    mira.evaluate(
      () => (window as unknown as { microphone: MediaStream }).microphone.getAudioTracks()[0]?.readyState,
    );
  await expect.poll(state).toBe('ended');
});

test('the list shows who begins and loses who ends, without a reload', async ({ person }) => {
  const { account, page } = await person('otto');
  await page.goto('/live');
  await expect(page.getByRole('heading', { name: 'Who is live' })).toBeVisible();
  const source = await Source.start(account, 'A station');
  const card = page.getByRole('link', { name: 'A station' });
  await expect(card).toBeVisible();
  await expect(card.getByText('On the air')).toBeVisible();
  source.breakOff();
  await expect(card.getByText('Interrupted')).toBeVisible();
  await source.stop();
  await expect(card).toBeHidden();
});

test('what the browser refuses is explained', async ({ person }) => {
  const { page } = await person('mira', { permissions: [] });
  await page.addInitScript(() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
    navigator.mediaDevices.getDisplayMedia = () => Promise.resolve(new MediaStream());
  });
  await page.goto('/live/new');
  await page.getByRole('button', { name: 'Microphone' }).click();
  await expect(page.getByRole('alert')).toContainText('The browser may not use it.');
  await page.getByRole('button', { name: 'A tab or the screen' }).click();
  await expect(page.getByRole('alert')).toContainText('has no sound');
});
