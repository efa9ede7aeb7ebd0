import { ChartTracksMin } from '../names.mjs';
import { inParallel } from '../pace.mjs';

const ReadingAtOnce = 8;

/** Tracks with their counts and comments, charts, and broadcasts. */
export async function checkMusic(world, model, head) {
  await inParallel(ReadingAtOnce, world.tracks, track => checkTrack(world, track, model, head));
  await checkCharts(world, model, head);
  await checkBroadcasts(world, model, head);
}

async function checkTrack(world, { id, owner, title, genre, description }, model, head) {
  const check = world.report.section('tracks');
  const expected = model.tracks.get(id);
  const reader = world.people[0];
  const found = await reader.read(`/api/v1/tracks/${id}`, head);
  check.equal(
    `${title}: what was said at its upload`,
    [owner.id, owner.userName, title, genre, description],
    [found.owner.id, found.owner.userName, found.title, found.genre, found.description],
  );
  check.equal(
    `${title}: counts`,
    {
      plays: expected.plays.length,
      likes: expected.likes.size,
      reposts: expected.reposts.size,
      comments: expected.comments.length,
    },
    { plays: found.plays, likes: found.likes, reposts: found.reposts, comments: found.comments },
  );
  const comments = await reader.readAll(`/api/v1/tracks/${id}/comments`, head);
  const shape = (authorId, text, atMs, position) => JSON.stringify([authorId, text, atMs, position]);
  check.sameSet(
    `${title}: comments`,
    expected.comments.map(one => shape(one.authorId, one.text, one.atMs, one.position)),
    comments.map(one => shape(one.author.id, one.text, one.atMs, one.position)),
  );
}

/** All-time charts count the whole log, earlier runs included. Shorter spans surely cover only this run's tracks. */
async function checkCharts(world, model, head) {
  const check = world.report.section('charts');
  const genres = [undefined, ...new Set(world.tracks.map(track => track.genre))];
  for (const genre of genres) {
    const expected = countedPlays(model, genre);
    const filter = genre ? `&genre=${encodeURIComponent(genre)}` : '';
    const name = `top of all time${genre ? ` in ${genre}` : ''}`;
    const { items } = await world.people[0].read(`/api/v1/charts/top?span=all${filter}`, head);
    checkTop(check, name, items, expected);
    const trending = await world.people[0].read(`/api/v1/charts/trending?span=all${filter}`, head);
    checkTrending(check, name.replace('top', 'trending'), trending.items, expected);
  }
  for (const span of ['hour', 'day', 'week']) await checkSpan(world, check, span, countedPlays(model), head);
}

function countedPlays(model, genre) {
  const played = [...model.tracks.values()].filter(
    track => track.plays.length > 0 && (!genre || track.genre === genre),
  );
  return new Map(played.map(track => [track.id, track.plays.length]));
}

function checkTop(check, name, items, expected) {
  const least = items.length < expected.size ? ChartTracksMin : expected.size;
  check.that(`${name}: length`, items.length >= least && items.length <= expected.size, expected.size, items.length);
  const counts = [...expected.values()].sort((a, b) => b - a).slice(0, items.length);
  check.sameList(
    `${name}: plays from the first to the last`,
    counts,
    items.map(item => item.plays),
  );
  check.sameList(
    `${name}: each track's plays`,
    items.map(item => `${item.track.id} ${expected.get(item.track.id)}`),
    items.map(item => `${item.track.id} ${item.plays}`),
  );
  check.sameList(
    `${name}: ranks`,
    items.map((_, i) => i + 1),
    items.map(item => item.rank),
  );
}

/** The server chooses the weight of age, but the chart must be complete and sorted by its score. */
function checkTrending(check, name, items, expected) {
  if (expected.size <= ChartTracksMin)
    check.sameSet(
      `${name}: tracks`,
      [...expected.keys()],
      items.map(item => item.track.id),
    );
  const rising = items.findIndex((item, i) => i > 0 && item.score > items[i - 1].score);
  check.that(`${name}: best score first`, rising < 0, `at most ${items[rising - 1]?.score}`, items[rising]?.score);
}

async function checkSpan(world, check, span, expected, head) {
  const { items } = await world.people[0].read(`/api/v1/charts/top?span=${span}`, head);
  const own = new Set(world.tracks.map(track => track.id));
  const shown = items.filter(item => own.has(item.track.id));
  if (items.length < ChartTracksMin)
    check.sameSet(
      `top of the ${span}: this run's tracks`,
      [...expected.keys()].filter(id => own.has(id)),
      shown.map(item => item.track.id),
    );
  check.sameList(
    `top of the ${span}: plays of this run's tracks`,
    shown.map(item => `${item.track.id} ${expected.get(item.track.id)}`),
    shown.map(item => `${item.track.id} ${item.plays}`),
  );
  const rising = items.findIndex((item, i) => i > 0 && item.plays > items[i - 1].plays);
  check.that(
    `top of the ${span}: most plays first`,
    rising < 0,
    `at most ${items[rising - 1]?.plays}`,
    items[rising]?.plays,
  );
}

async function checkBroadcasts(world, model, head) {
  const check = world.report.section('broadcasts');
  const [reader] = world.people;
  const live = await reader.readAll('/api/v1/broadcasts?live=true', head);
  for (const { id, owner, title } of world.broadcasts) {
    const expected = model.broadcasts.get(id);
    const found = await reader.read(`/api/v1/broadcasts/${id}`, head);
    const shape = (ownerId, one) => ({
      ownerId,
      title: one.title,
      status: one.status,
      startedAt: moment(one.startedAt),
      endedAt: moment(one.endedAt),
    });
    check.equal(
      `${title}: as in the log`,
      shape(expected.ownerId, expected),
      shape(found.owner.id ?? found.owner, found),
    );
    check.equal(`${title}: its owner`, owner.id, expected.ownerId);
    check.that(`${title}: is no longer among the live ones`, !live.some(one => one.id === id), 'not listed', 'listed');
  }
}

const moment = time => (time ? Date.parse(time) : null);
