import { inParallel } from '../pace.mjs';

const ReadingAtOnce = 8;
const FeedReadersMax = 12;

/** Profiles, followers, feeds and listening histories. */
export async function checkSocial(world, model, head) {
  const check = world.report.section('people');
  await inParallel(ReadingAtOnce, world.people, person => checkProfile(check, person, model, head));
  const readers = world.chance.branch('readers').some(world.people, FeedReadersMax);
  await inParallel(ReadingAtOnce, readers, person => checkFeed(world.report.section('feed'), person, model, head));
  const listeners = world.people.filter(person =>
    [...model.plays.values()].some(play => play.listenerId === person.id),
  );
  await inParallel(ReadingAtOnce, listeners, person =>
    checkHistory(world.report.section('history'), person, model, head),
  );
}

async function checkProfile(check, person, model, head) {
  const { followers, following, tracks } = model.account(person.id);
  const counts = {
    userName: person.userName,
    followers: followers.size,
    following: following.size,
    tracks: tracks.length,
  };
  const onlyCounts = profile => ({
    userName: profile.userName,
    followers: profile.followers,
    following: profile.following,
    tracks: profile.tracks,
  });
  const own = await person.read('/api/v1/accounts/me', head);
  check.equal(
    `${person.userName} to themselves`,
    { ...counts, email: person.email },
    { ...onlyCounts(own), email: own.email },
  );
  const shown = await person.read(`/api/v1/accounts/${person.id}`, head);
  check.equal(`${person.userName} to others`, counts, onlyCounts(shown));
  check.that(
    `${person.userName}: the e-mail address is hidden from others`,
    !('email' in shown),
    'no email',
    shown.email,
  );

  for (const [list, expected] of [
    ['followers', followers],
    ['following', following],
  ]) {
    const found = await person.readAll(`/api/v1/accounts/${person.id}/${list}`, head);
    check.sameSet(
      `${person.userName}: ${list}`,
      [...expected.keys()].map(id => `${id} ${model.account(id).userName}`),
      found.map(one => `${one.account.id} ${one.account.userName}`),
    );
  }
}

async function checkFeed(check, person, model, head) {
  const found = await person.readAll('/api/v1/feed', head);
  const expected = feedOf(model, person.id);
  const shape = entry =>
    `${entry.kind} of ${entry.track?.id ?? entry.broadcast?.id} (${entry.track?.title ?? entry.broadcast?.title}) ` +
    `by ${entry.actor.userName}: ${entry.reason}`;
  check.sameSet(`feed of ${person.userName}`, expected.map(shape), found.map(shape));
  const outOfOrder = found.findIndex((entry, i) => i > 0 && entry.position >= found[i - 1].position);
  check.that(
    `feed of ${person.userName}: newest first`,
    outOfOrder < 0,
    `below ${found[outOfOrder - 1]?.position}`,
    found[outOfOrder]?.position,
  );
}

function feedOf(model, accountId) {
  const { following } = model.account(accountId);
  const entry = (kind, actorId, what) => ({
    kind,
    actor: model.account(actorId),
    ...what,
    reason: `You follow ${model.account(actorId).userName}`,
  });
  const followed = [...following.keys()];
  const uploads = followed.flatMap(id => model.account(id).tracks.map(track => entry('upload', id, { track })));
  const reposts = [...model.tracks.values()].flatMap(track =>
    followed.filter(id => track.reposts.has(id)).map(id => entry('repost', id, { track })),
  );
  const broadcasts = [...model.broadcasts.values()]
    .filter(one => following.has(one.ownerId) && one.startedAt && !one.endedAt)
    .map(broadcast => entry('broadcast', broadcast.ownerId, { broadcast }));
  return [...uploads, ...reposts, ...broadcasts];
}

async function checkHistory(check, person, model, head) {
  const found = await person.readAll('/api/v1/history', head);
  const expected = [...model.plays.values()]
    .filter(play => play.listenerId === person.id)
    .sort((a, b) => b.position - a.position);
  check.sameList(
    `history of ${person.userName}`,
    expected.map(({ id, trackId, heardMs, counted }) => ({
      id,
      trackId,
      title: model.tracks.get(trackId).title,
      heardMs,
      counted,
    })),
    found.map(({ playId, track, heardMs, counted }) => ({
      id: playId,
      trackId: track.id,
      title: track.title,
      heardMs,
      counted,
    })),
  );
}
