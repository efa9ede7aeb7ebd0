import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Event, Refusal } from '../names.mjs';
import { refusal } from '../client/person.mjs';
import { encode, probe } from '../client/ffmpeg.mjs';
import { inParallel, waitUntil } from '../pace.mjs';
import { Channels, SampleRateHz, compose, render } from './synth.mjs';

const TracksAtFullScale = 12;
const EncodingAtOnce = 2;
const UploadingAtOnce = 4;
const ReadyWithinMs = 120_000;
/** Encoders pad to whole frames and store that length more or less exactly. */
const DurationToleranceMs = 150;

/** Six formats; `codec` is ffprobe's name. */
const formats = [
  { extension: 'wav', type: 'audio/wav', codec: 'pcm_s16le', sampleRateHz: SampleRateHz, args: ['-c:a', 'pcm_s16le'] },
  { extension: 'flac', type: 'audio/flac', codec: 'flac', sampleRateHz: SampleRateHz, args: ['-c:a', 'flac'] },
  {
    extension: 'mp3',
    type: 'audio/mpeg',
    codec: 'mp3',
    sampleRateHz: SampleRateHz,
    args: ['-c:a', 'libmp3lame', '-b:a', '192k'],
  },
  {
    extension: 'm4a',
    type: 'audio/mp4',
    codec: 'aac',
    sampleRateHz: SampleRateHz,
    args: ['-c:a', 'aac', '-b:a', '160k'],
  },
  {
    extension: 'ogg',
    type: 'audio/ogg',
    codec: 'vorbis',
    sampleRateHz: SampleRateHz,
    args: ['-c:a', 'libvorbis', '-q:a', '5'],
  },
  {
    extension: 'opus',
    type: 'audio/ogg',
    codec: 'opus',
    sampleRateHz: 48_000,
    args: ['-c:a', 'libopus', '-b:a', '128k'],
  },
];

const titles = [
  'Harbour Lights',
  'Nightbus',
  'Καλημέρα',
  'Кассета',
  'ليل',
  'Paper Boats',
  '雨の線路',
  '밤 산책',
  'Kleine Pause',
  'Monsoon Radio',
  'Third Rail',
  'Solstice',
];
const genres = ['ambient', 'house', 'lo-fi', 'jazz'];

/** Creates the sound files. It keeps the processor busy for a while, so it runs before anything is timed. */
export async function makeSounds(world) {
  const count = Math.max(formats.length, Math.round(TracksAtFullScale * world.options.scale));
  const longestSeconds = world.options.scale < 0.5 ? 16 : 45;
  world.sounds = await inParallel(
    EncodingAtOnce,
    Array.from({ length: count }, (_, i) => i),
    async i => {
      const chance = world.chance.branch(`sound ${i}`);
      const seconds = 8 + Math.round(((longestSeconds - 8) * i) / (count - 1));
      const format = formats[i % formats.length];
      const path = join(world.scratch, `track-${i}.${format.extension}`);
      await encode(
        render(compose(chance), seconds),
        { sampleRateHz: SampleRateHz, channels: Channels },
        path,
        format.args,
      );
      return {
        format,
        path,
        durationMs: seconds * 1000,
        title: `${titles[i % titles.length]}${i < titles.length ? '' : ` ${i}`}`,
        genre: genres[i % genres.length],
      };
    },
  );
}

export async function upload(world) {
  const artists = world.artists.slice(0, Math.ceil(world.sounds.length / 2));
  // The upload order differs from the order of lengths, and so does the processing order.
  const sounds = world.chance.branch('uploads').shuffled(world.sounds);
  world.tracks = await inParallel(UploadingAtOnce, sounds, (sound, i) =>
    uploadOne(world, sound, artists[i % artists.length]),
  );
  await refuseWhatIsNoSound(world, artists[0]);
}

async function uploadOne(world, sound, owner) {
  const bytes = await readFile(sound.path);
  const description = `Made by the demo.\n${sound.title} — ${sound.durationMs / 1000} s of ${sound.genre}.`;
  const body = { title: sound.title, genre: sound.genre, description };
  const file = { name: `${sound.title}.${sound.format.extension}`, type: sound.format.type, bytes };
  const expected = { type: Event.TrackUploaded, data: a => ({ trackId: a.id, ownerId: owner.id, title: sound.title }) };
  const answer = await owner.write(expected, 'POST', '/api/v1/tracks', { body, file });
  const check = world.report.section('tracks');
  check.equal(`${sound.title}: the codec found`, sound.format.codec, answer.codec);
  closeTo(check, `${sound.title}: the duration found`, sound.durationMs, answer.durationMs);
  return {
    id: answer.id,
    owner,
    sound,
    bytes,
    description,
    title: sound.title,
    genre: sound.genre,
    durationMs: answer.durationMs,
    uploadedAt: answer.position,
  };
}

function closeTo(check, what, expectedMs, gotMs) {
  check.that(
    what,
    Math.abs(gotMs - expectedMs) <= DurationToleranceMs,
    `${expectedMs} ms ± ${DurationToleranceMs}`,
    gotMs,
  );
}

async function refuseWhatIsNoSound(world, person) {
  const text = {
    name: 'song.mp3',
    type: 'audio/mpeg',
    bytes: Buffer.from('This is a shopping list, whatever its name says.\n'.repeat(200)),
  };
  const check = world.report.section('tracks');
  check.refused(
    'a text that is called song.mp3',
    Refusal.notAudio,
    await refusal(() => person.attempt('POST', '/api/v1/tracks', { body: { title: 'Song' }, file: text })),
  );
  const { bytes, sound } = world.tracks[0];
  const untitled = { name: 'untitled', type: sound.format.type, bytes };
  check.refused(
    'a track without a title',
    Refusal.invalid('title'),
    await refusal(() => person.attempt('POST', '/api/v1/tracks', { body: { genre: 'none' }, file: untitled })),
  );
}

/** Waits for the copies and fetches them, as a player does. */
export async function fetchAudio(world) {
  const listener = world.people.at(-1);
  await inParallel(UploadingAtOnce, world.tracks, async track => {
    const ready = await waitUntil(`${track.title} is ready`, ReadyWithinMs, async () => {
      const now = await listener.read(`/api/v1/tracks/${track.id}`);
      return now.status !== 'processing' && now;
    });
    const check = world.report.section('audio');
    if (!check.equal(`${track.title}: processed (${ready.failure ?? 'no failure told'})`, 'ready', ready.status))
      return;
    check.equal(
      `${track.title}: sample rate and channels`,
      [track.sound.format.sampleRateHz, Channels],
      [ready.sampleRateHz, ready.channels],
    );
    await fetchRanges(check, listener, track);
    for (const format of ['opus', 'mp3']) await fetchCopy(world, check, listener, track, format, ready.renditions);
  });
}

async function fetchRanges(check, listener, { id, title, bytes }) {
  const path = `/api/v1/tracks/${id}/audio`;
  const size = bytes.length;
  const whole = await listener.readRaw(path);
  check.that(
    `${title}: the original, byte for byte`,
    whole.status === 200 && whole.bytes.equals(bytes),
    `200 and ${size} bytes`,
    `${whole.status} and ${whole.bytes.length} bytes`,
  );
  const middle = Math.floor(size / 2);
  for (const [asked, from, to] of [
    ['bytes=0-0', 0, 1],
    [`bytes=${middle}-${middle + 4095}`, middle, middle + 4096],
    ['bytes=-1000', size - 1000, size],
    [`bytes=${size - 10}-`, size - 10, size],
  ]) {
    const part = await listener.readRaw(path, { range: asked });
    const expected = `206, bytes ${from}-${to - 1}/${size}`;
    const right = part.bytes.equals(bytes.subarray(from, to));
    check.equal(
      `${title}: ${asked}`,
      expected,
      `${part.status}, ${part.headers.get('content-range')}${right ? '' : ', but other bytes'}`,
    );
  }
  const beyond = await refusal(() => listener.readRaw(path, { range: `bytes=${size}-` }));
  check.equal(`${title}: a range beyond the end`, 416, beyond?.status);
}

async function fetchCopy(world, check, listener, track, format, renditions) {
  const copy = renditions.find(one => one.format === format);
  const { bytes } = await listener.readRaw(`/api/v1/tracks/${track.id}/audio?format=${format}`);
  check.equal(`${track.title}: size of the ${format} copy`, copy?.bytes, bytes.length);
  const path = join(world.scratch, `copy-${track.id}.${format}`);
  await writeFile(path, bytes);
  const found = await probe(path);
  check.equal(`${track.title}: codec of the ${format} copy`, format, found.codec);
  closeTo(check, `${track.title}: duration of the ${format} copy`, track.sound.durationMs, found.durationMs);
}
