import { CountedAfterMsMax, Event, Refusal } from '../names.mjs';
import { refusal } from '../client/person.mjs';
import { sleep } from '../pace.mjs';

const PlaysAtFullScale = 110;
const PlaysMin = 14;
const ReportEveryMs = 4_000;
/** A little longer than needed, so that rounding to whole milliseconds does not matter. */
const SpareMs = 60;
/** People press play one after the other. */
const StartingWithinMs = 3_000;

/** All people listen at the same time, so this takes as long as the longest play. */
export async function listen(world) {
  const chance = world.chance.branch('listening');
  const pairs = distinctPairs(world, chance, Math.max(PlaysMin, Math.round(PlaysAtFullScale * world.options.scale)));
  const used = new Set(pairs.map(({ person, track }) => `${person.id} ${track.id}`));
  const unheard = person => world.tracks.find(track => !used.has(`${person.id} ${track.id}`)) ?? world.tracks[0];
  const [cheater, impatient] = world.people.slice(-2);
  const shortest = [...world.tracks].sort((a, b) => a.durationMs - b.durationMs)[0];
  const twice = world.people.find(person => !used.has(`${person.id} ${shortest.id}`)) ?? cheater;
  await Promise.all([
    ...pairs.map(({ person, track, delayMs, whole }) =>
      sleep(delayMs).then(() => playUntilCounted(world, person, track, whole)),
    ),
    repeats(world, twice, shortest),
    cheats(world, cheater, unheard(cheater)),
    stopsEarly(world, impatient, unheard(impatient)),
  ]);
}

function distinctPairs(world, chance, count) {
  const byFame = chance.shuffled(world.tracks);
  const listeners = world.people.slice(0, -2);
  const pairs = new Map();
  for (let tries = 0; pairs.size < count && tries < count * 20; tries++) {
    const [person, track] = [chance.pick(listeners), chance.popular(byFame)];
    const pair = { person, track, delayMs: chance.next() * StartingWithinMs, whole: chance.happens(0.1) };
    if (!pairs.has(`${person.id} ${track.id}`)) pairs.set(`${person.id} ${track.id}`, pair);
  }
  return [...pairs.values()];
}

const neededMs = track => Math.min(CountedAfterMsMax, Math.ceil(track.durationMs / 2));

/** One play in real time. Its clock starts after the server's answer, so no report runs ahead of the server's clock. */
async function begin(world, person, track) {
  const expected = { type: Event.PlayStarted, data: a => ({ playId: a.id, trackId: track.id }) };
  const { id } = await person.write(expected, 'POST', `/api/v1/tracks/${track.id}/plays`);
  return { id, person, track, startedAt: performance.now(), check: world.report.section('plays') };
}

const report = (play, heardMs, ended, type, data = {}) =>
  play.person.write(type && { type, data: { playId: play.id, ...data } }, 'PUT', `/api/v1/plays/${play.id}`, {
    body: { heardMs, positionMs: heardMs, ended },
  });

async function playUntilCounted(world, person, track, whole = false, mustCount = true) {
  const play = await begin(world, person, track);
  const needed = neededMs(track);
  for (;;) {
    const heardSoFar = performance.now() - play.startedAt;
    await sleep(Math.min(ReportEveryMs, Math.max(0, needed + SpareMs - heardSoFar)));
    const heardMs = Math.floor(performance.now() - play.startedAt);
    const enough = heardMs >= needed;
    const counts = enough && mustCount;
    const { counted } = await report(
      play,
      heardMs,
      enough && !whole,
      counts ? Event.PlayCounted : Event.PlayProgressed,
      counts ? { trackId: track.id } : { heardMs },
    );
    play.check.equal(
      `${track.title} heard ${heardMs} of ${needed} ms${mustCount ? '' : ' again in the same session'}: counted`,
      counts,
      counted,
    );
    if (enough) return;
  }
}

async function repeats(world, person, track) {
  await playUntilCounted(world, person, track);
  await playUntilCounted(world, person, track, false, false);
  const otherDevice = await person.signInAgain({ type: Event.SessionStarted });
  await playUntilCounted(world, otherDevice, track);
}

async function cheats(world, person, track) {
  const play = await begin(world, person, track);
  const wish = { heardMs: neededMs(track) + 5_000, positionMs: neededMs(track), ended: true };
  play.check.refused(
    'more heard than time went by',
    Refusal.heardTooFast,
    await refusal(() => person.attempt('PUT', `/api/v1/plays/${play.id}`, { body: wish })),
  );
  const stranger = world.people.find(one => one !== person);
  const { status } =
    (await refusal(() =>
      stranger.attempt('PUT', `/api/v1/plays/${play.id}`, { body: { heardMs: 1, positionMs: 1, ended: false } }),
    )) ?? {};
  play.check.that("a report on another account's play", status === 403 || status === 404, '403 or 404', status);
}

async function stopsEarly(world, person, track) {
  const play = await begin(world, person, track);
  await sleep(neededMs(track) / 4);
  const heardMs = Math.floor(performance.now() - play.startedAt);
  const { counted } = await report(play, heardMs, true, Event.PlayProgressed, { heardMs });
  play.check.equal(`${track.title} stopped after ${heardMs} ms: counted`, false, counted);
}
