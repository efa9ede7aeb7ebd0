import { join } from 'node:path';
import { Event, Refusal } from '../names.mjs';
import { decodedMs, encode } from '../client/ffmpeg.mjs';
import { Listener } from '../client/listener.mjs';
import { refusal } from '../client/person.mjs';
import { Source } from '../client/source.mjs';
import { sleep, waitUntil } from '../pace.mjs';
import { Channels, SampleRateHz, compose, render } from './synth.mjs';

const ListenersAtFullScale = 20;
const ListenersMin = 5;
const LiveWithinMs = 20_000;
const SourceGoneWithinMs = 5_000;
/** How long a show goes on for those who heard nothing or saw no level, because the server was away while they came. */
const HeardWithinMs = 60_000;
/** A late listener starts at a clean point, and encoders delay some sound. No more than this may be lost. */
const LostMsMax = 4_000;
const SilenceDb = -70;
/** Two channels at full scale together are 3 dB louder than one. */
const FullScaleDb = 3;
const QuietestMusicLufs = -40;

/** Ogg Opus over PUT for many listeners, then MP3 over the older SOURCE with a source that disconnects and returns. */
const shows = [
  {
    title: 'Nachtprogramm — live from the kitchen',
    type: 'audio/ogg',
    extension: 'ogg',
    args: [
      '-c:a',
      'libopus',
      '-b:a',
      '96k',
      '-content_type',
      'application/ogg',
      '-page_duration',
      '200000',
      '-f',
      'ogg',
    ],
    metered: true,
    share: 1,
    full: 14,
    min: 7,
  },
  {
    title: 'Test transmission 2',
    type: 'audio/mpeg',
    extension: 'mp3',
    args: ['-c:a', 'libmp3lame', '-b:a', '128k', '-content_type', 'audio/mpeg', '-f', 'mp3', '-legacy_icecast', '1'],
    share: 0.25,
    full: 8,
    min: 6,
    breaks: true,
  },
];

export async function makeShows(world) {
  world.shows = [];
  for (const [i, show] of shows.entries()) {
    const seconds = Math.max(show.min, Math.round(show.full * Math.min(1, world.options.scale * 2)));
    const path = join(world.scratch, `show-${i}.flac`);
    // Longer than the show, so that the owner's stop ends it before the music does.
    await encode(
      render(compose(world.chance.branch(`show ${i}`)), seconds * 2 + 2 * (HeardWithinMs / 1000)),
      { sampleRateHz: SampleRateHz, channels: Channels },
      path,
      ['-c:a', 'flac'],
    );
    world.shows.push({ ...show, path, seconds });
  }
}

export async function broadcastAll(world) {
  world.broadcasts = [];
  await Promise.all(
    world.shows.map((show, i) =>
      world.report.part('broadcasts', () =>
        broadcast(world, { ...show, owner: world.artists[i] }, world.chance.branch(`broadcast ${i}`)),
      ),
    ),
  );
}

async function broadcast(world, show, chance) {
  const { owner, title } = show;
  const check = world.report.section('broadcasts');
  const made = await owner.write(
    { type: Event.BroadcastCreated, data: a => ({ broadcastId: a.id, title }) },
    'POST',
    '/api/v1/broadcasts',
    {
      body: { title },
    },
  );
  world.broadcasts.push({ id: made.id, owner, title, createdAt: made.position });
  const watch = world.watchers.broadcast(owner, made.id, made.position);
  check.equal(`${title}: waits for its source`, 'waiting', await statusOf(owner, made.id, world.ledger.lastPosition));

  const source = new Source(show.path, show.args, made.ingest.url);
  try {
    await waitForStatus(owner, made.id, 'live').catch(error => {
      throw new Error(`${title}: ${error.message}; ffmpeg says: ${source.said || 'nothing'}`);
    });
    const listeners = await onAir(world, show, chance, made, source, watch.levels);
    source.expectEnd();
    for (const listener of listeners) listener.over = true;
    await stop(world, show, made);
    const cutOff = await Promise.race([source.ended.then(() => true), sleep(SourceGoneWithinMs)]);
    check.that(
      `${title}: stopping it cuts its source off`,
      cutOff,
      `within ${SourceGoneWithinMs} ms`,
      'ffmpeg still sends',
    );
    inspectLevels(check, show, made.id, watch.levels);
    await inspect(world, check, show, listeners);
  } finally {
    source.stop();
  }
}

const statusOf = async (person, id, after) => (await person.read(`/api/v1/broadcasts/${id}`, after)).status;
const waitForStatus = (person, id, wanted) =>
  waitUntil(`broadcast ${id} is ${wanted}`, LiveWithinMs, async () => (await statusOf(person, id)) === wanted);

/** Most listeners come at the same time, some late. The last of them reads slowly. */
async function onAir(world, show, chance, { id, listenUrl }, source, levels) {
  const { seconds, share, title, breaks, owner } = show;
  const check = world.report.section('broadcasts');
  const count = Math.max(ListenersMin, Math.round(ListenersAtFullScale * Math.min(1, world.options.scale) * share));
  const endsAt = performance.now() + seconds * 1000;
  const listeners = Array.from({ length: count }, (_, i) => {
    const delayMs = i % 4 === 3 ? chance.next() * seconds * 400 : chance.next() * 300;
    return new Listener(world.options.url + listenUrl, world.people[i % world.people.length], {
      delayMs,
      slow: i === count - 1,
    });
  });
  const live = await owner.readAll('/api/v1/broadcasts?live=true');
  check.that(
    `${title}: is among the live ones`,
    live.some(one => one.id === id && one.status === 'live'),
    id,
    live.map(one => one.id),
  );
  await sleep(seconds * 450);
  await waitUntil(
    `${title} counts ${count} listeners`,
    LiveWithinMs / 2,
    async () => (await owner.read(`/api/v1/broadcasts/${id}`)).listeners === count,
  )
    .then(() => check.that(`${title}: counts its listeners`, true))
    .catch(async error =>
      check.that(
        `${title}: counts its listeners`,
        false,
        count,
        `${(await owner.read(`/api/v1/broadcasts/${id}`)).listeners} (${error.message})`,
      ),
    );
  if (breaks) {
    source.cut();
    await waitForStatus(owner, id, 'interrupted');
    source.connect();
    await waitForStatus(owner, id, 'live');
  }
  await sleep(Math.max(breaks ? 2_000 : 0, endsAt - performance.now()));
  // What is still missing then is reported after the show.
  await waitUntil(`${title} was heard by all, and its level seen`, HeardWithinMs, async () =>
    listeners.every(listener => listener.heardSomething) && (!show.metered || loudest(levels) > QuietestMusicLufs),
  ).catch(() => undefined);
  return listeners;
}

async function stop(world, { owner, title }, { id }) {
  const check = world.report.section('broadcasts');
  const stranger = world.people.find(person => person !== owner);
  check.refused(
    `${title}: stopped by another account`,
    Refusal.notTheOwner,
    await refusal(() => stranger.attempt('POST', `/api/v1/broadcasts/${id}/stop`)),
  );
  const { position } = await owner.write(
    { type: Event.BroadcastEnded, data: { broadcastId: id } },
    'POST',
    `/api/v1/broadcasts/${id}/stop`,
  );
  check.equal(`${title}: has ended`, 'ended', await statusOf(owner, id, position));
}

/** Opus is metered: followers of the broadcast got levels of music, neither silent nor above full scale. MP3 is not. */
function inspectLevels(check, { title, metered }, id, levels) {
  if (!metered) return void check.equal(`${title}: has no level`, [], levels);
  check.that(`${title}: its level was seen`, levels.length > 0, 'levels', 'none');
  const sane = ({ broadcastId, unmetered, samplePeakDbfs, momentaryLufs }) =>
    broadcastId === id && unmetered === null && within(samplePeakDbfs) && within(momentaryLufs);
  const odd = levels.find(level => !sane(level));
  check.that(`${title}: every level is one`, !odd, `of ${id}, from ${SilenceDb} to ${FullScaleDb} dB`, odd);
  check.that(
    `${title}: music was metered`,
    loudest(levels) > QuietestMusicLufs,
    `more than ${QuietestMusicLufs} LUFS`,
    loudest(levels),
  );
}

const loudest = levels => Math.max(...levels.map(level => level.momentaryLufs));

const within = db => db >= SilenceDb && db <= FullScaleDb;

/** Every listener's bytes must decode, to about the length of the listening. */
async function inspect(world, check, { title, extension, type }, listeners) {
  for (const [i, listener] of listeners.entries()) {
    const { segments, error } = await listener.finished();
    const name = `${title}: listener ${i}${listener.slow ? ' (slow)' : ''}`;
    if (!check.that(`${name} heard something`, segments.length > 0, 'at least one connection', error ?? 'none'))
      continue;
    check.that(
      `${name} got the type`,
      segments.every(one => one.type?.includes(type.split('/')[1])),
      type,
      segments.map(one => one.type),
    );
    let heardMs = 0;
    for (const [s, segment] of segments.entries()) {
      const path = await segment.save(join(world.scratch, `heard-${extension}-${i}-${s}.${extension}`));
      const { ok, ms, said } = await decodedMs(path);
      check.that(`${name} can decode it`, ok, 'sound', `${segment.size} bytes; ffmpeg: ${said.slice(0, 200)}`);
      heardMs += ms;
    }
    // The server skips sound for a slow listener, so only the received sound is checked.
    if (listener.slow) continue;
    const present = segments.reduce((sum, segment) => sum + segment.flowingMs, 0);
    check.that(
      `${name} heard what was on`,
      heardMs >= present - LostMsMax,
      `about ${Math.round(present)} ms, at most ${LostMsMax} less`,
      `${Math.round(heardMs)} ms`,
    );
  }
}
