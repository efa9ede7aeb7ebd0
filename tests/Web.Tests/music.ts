import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import type { Account, Written } from './account';
import { expect, type Page } from './test';

const run = promisify(execFile);

/**
 * A real file made by ffmpeg: a tone that is silent in its second quarter, and quiet in its last.
 * @param format the ending of its name, which chooses the format
 */
export async function sound(seconds: number, format = 'flac', toneHz = 330): Promise<Buffer> {
  const file = path.join(tmpdir(), `veza-web-${randomUUID()}.${format}`);
  const quarter = seconds / 4;
  const loud = `if(between(t,${quarter},${2 * quarter}),0,if(gt(t,${3 * quarter}),0.15,0.8))`;
  const source = `aevalsrc=${loud}*sin(2*PI*${toneHz}*t)*(0.6+0.4*sin(2*PI*3*t)):s=44100:d=${seconds}`;
  try {
    await run('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', source.replaceAll(',', '\\,'), file]);
    return await readFile(file);
  } finally {
    await rm(file, { force: true });
  }
}

interface TrackBody {
  readonly status: string;
  readonly plays: number;
}

/** Uploads by the API, and waits until the copies are made. */
export async function upload(account: Account, title: string, seconds = 2, genre?: string): Promise<string> {
  const form = new FormData();
  form.append('title', title);
  if (genre !== undefined) form.append('genre', genre);
  form.append('file', new Blob([new Uint8Array(await sound(seconds))]), `${title.slice(0, 20)}.flac`);
  const { id } = await account.post<Written>('/api/v1/tracks', form);
  await ready(account, id);
  return id;
}

export async function ready(account: Account, trackId: string): Promise<void> {
  await expect
    .poll(async () => (await account.get<TrackBody>(`/api/v1/tracks/${trackId}`)).status, { timeout: 60_000 })
    .toBe('ready');
}

/** Hears enough of a track of two seconds that the play counts, as a player reports it. */
export async function listen(account: Account, trackId: string): Promise<void> {
  const { id } = await account.post<Written>(`/api/v1/tracks/${trackId}/plays`);
  const { counted } = await account.put<{ counted: boolean }>(`/api/v1/plays/${id}`, {
    heardMs: 1_000,
    positionMs: 1_000,
    ended: true,
  });
  expect(counted).toBe(true);
}

/** Where the page's one audio element is, in seconds. */
export const heardTo = (page: Page): Promise<number> =>
  page.evaluate(() => document.querySelector('audio')?.currentTime ?? -1);
