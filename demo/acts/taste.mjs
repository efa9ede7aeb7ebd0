import { Event, Refusal } from '../names.mjs';
import { refusal } from '../client/person.mjs';
import { inParallel } from '../pace.mjs';
import { commentText } from './texts.mjs';

const PeopleAtOnce = 10;

/** Likes, reposts and comments. Some are taken back, some are sent twice, and none is for an own track. */
export async function showTaste(world) {
  const chance = world.chance.branch('taste');
  const byCharm = chance.shuffled(world.tracks);
  const plans = world.people.map((person, i) => ({
    person,
    byCharm: byCharm.filter(track => track.owner !== person),
    chance: chance.branch(`${i}`),
  }));
  await inParallel(PeopleAtOnce, plans, async plan => {
    await mark(plan, plan.chance.whole(2, 6), 'likes', Event.TrackLiked, Event.TrackUnliked);
    await mark(plan, plan.chance.whole(0, 2), 'reposts', Event.TrackReposted, Event.TrackRepostRemoved);
    await comment(plan, plan.chance.whole(0, 3));
  });
  await refuseCommentsAfterTheEnd(world);
}

async function mark({ person, byCharm, chance }, count, what, added, removed) {
  const chosen = new Set(Array.from({ length: count }, () => chance.popular(byCharm)));
  for (const track of chosen) {
    const path = `/api/v1/tracks/${track.id}/${what}/me`;
    await person.write({ type: added, data: { trackId: track.id } }, 'PUT', path);
    if (chance.happens(0.1)) await person.write(null, 'PUT', path);
    if (chance.happens(0.15)) await person.write({ type: removed, data: { trackId: track.id } }, 'DELETE', path);
  }
}

async function comment({ person, byCharm, chance }, count) {
  for (let i = 0; i < count; i++) {
    const track = chance.popular(byCharm);
    const body = { text: commentText(chance), atMs: chance.whole(0, track.durationMs - 1) };
    await person.write(
      { type: Event.TrackCommented, data: { trackId: track.id, ...body } },
      'POST',
      `/api/v1/tracks/${track.id}/comments`,
      { body },
    );
  }
}

async function refuseCommentsAfterTheEnd(world) {
  const [track] = world.tracks;
  const late = { text: 'Still here?', atMs: track.durationMs + 60_000 };
  world.report
    .section('tracks')
    .refused(
      'a comment a minute after the end',
      Refusal.invalid('atMs'),
      await refusal(() => world.people[0].attempt('POST', `/api/v1/tracks/${track.id}/comments`, { body: late })),
    );
}
