import { Event } from '../names.mjs';
import { inParallel } from '../pace.mjs';

const FollowingAtOnce = 10;
const FollowsEachMax = 12;

/**
 * Nearly all people follow a few accounts, and few follow the others. This comes before any upload, so that a feed is
 * the same whether or not it includes the time before a follow.
 */
export async function follow(world) {
  const chance = world.chance.branch('follows');
  const byFame = chance.shuffled(world.people);
  world.artists = byFame;
  const plans = world.people.map(person => ({
    person,
    followees: followeesOf(person, byFame, chance),
    chance: chance.branch(`${world.people.indexOf(person)}`),
  }));
  await inParallel(FollowingAtOnce, plans, followAll);
}

function followeesOf(person, byFame, chance) {
  const wanted = chance.whole(2, Math.min(FollowsEachMax, byFame.length - 2));
  const followees = new Set();
  while (followees.size < wanted) {
    const one = chance.popular(byFame);
    if (one !== person) followees.add(one);
  }
  return [...followees];
}

async function followAll({ person, followees, chance }) {
  for (const followee of followees) {
    const path = `/api/v1/accounts/${followee.id}/followers/me`;
    const data = { followerId: person.id, followeeId: followee.id };
    await person.write({ type: Event.FollowStarted, data }, 'PUT', path);
    if (chance.happens(0.1)) await person.write(null, 'PUT', path);
    if (chance.happens(0.12)) await person.write({ type: Event.FollowStopped, data }, 'DELETE', path);
  }
}
