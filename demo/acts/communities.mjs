import { Event, Refusal } from '../names.mjs';
import { refusal } from '../client/person.mjs';
import { inParallel } from '../pace.mjs';

export const SlowModeSeconds = 2;
const JoiningAtOnce = 8;
const StayingShare = 0.85;

const plans = [
  {
    name: 'Night Bus Collective',
    channels: [
      { name: 'mixes', kind: 'text', topic: 'Work in progress. Be kind, be precise.' },
      { name: 'releases', kind: 'announcement' },
    ],
  },
  {
    name: 'Γειτονιά / 동네 / Nachbarschaft',
    channels: [
      { name: 'languages', kind: 'text' },
      { name: 'slow-talk', kind: 'text', slowModeSeconds: SlowModeSeconds },
    ],
  },
  {
    name: 'Field Recordings 🎙️',
    channels: [
      { name: 'found-sounds', kind: 'text', topic: 'Rain, trains, kitchens' },
      { name: 'gear', kind: 'text' },
    ],
  },
  {
    name: 'Code & Chords',
    channels: [
      { name: 'dsp', kind: 'text' },
      { name: 'news', kind: 'announcement' },
    ],
  },
];

/** Four communities with their channels; people join several, and some leave again. */
export async function found(world) {
  const chance = world.chance.branch('communities');
  world.communities = await inParallel(plans.length, plans, (plan, i) => create(world, plan, world.people[i]));
  world.channels = world.communities.flatMap(community => community.channels);
  await inParallel(JoiningAtOnce, world.people, (person, i) =>
    settle(world, person, i, chance.branch(person.userName.replace(world.runId, ''))),
  );
  await refusals(world);
}

async function create(world, { name, channels }, owner) {
  const made = await owner.write(
    { type: Event.CommunityCreated, data: a => ({ communityId: a.id, name }) },
    'POST',
    '/api/v1/communities',
    { body: { name } },
  );
  const community = { id: made.id, name, owner, members: new Map([[owner.id, owner]]), former: [], channels: [] };
  community.channels.push({
    id: made.generalChannelId,
    name: 'general',
    kind: 'text',
    community,
    createdAt: made.position,
  });
  for (const channel of channels) {
    const expected = {
      type: Event.ChannelCreated,
      data: a => ({ channelId: a.id, communityId: community.id, name: channel.name }),
    };
    const answer = await owner.write(expected, 'POST', `/api/v1/communities/${community.id}/channels`, {
      body: channel,
    });
    community.channels.push({ ...channel, id: answer.id, community, createdAt: answer.position });
  }
  return community;
}

/** All people join their own community and maybe others. Some leave the others again, and a few come back. */
async function settle(world, person, index, chance) {
  const home = world.communities[index % world.communities.length];
  await join(person, home);
  for (const community of world.communities) {
    if (community === home || community.owner === person || !chance.happens(0.5)) continue;
    await join(person, community);
    if (chance.happens(StayingShare)) continue;
    await leave(person, community);
    if (chance.happens(0.3)) await join(person, community);
  }
}

const membership = (type, person, community) => ({ type, data: { communityId: community.id, memberId: person.id } });

async function join(person, community) {
  const expected = community.members.has(person.id) ? null : membership(Event.MemberJoined, person, community);
  await person.write(expected, 'PUT', `/api/v1/communities/${community.id}/members/me`);
  community.members.set(person.id, person);
  community.former = community.former.filter(one => one !== person);
}

async function leave(person, community) {
  await person.write(
    membership(Event.MemberLeft, person, community),
    'DELETE',
    `/api/v1/communities/${community.id}/members/me`,
  );
  community.members.delete(person.id);
  community.former.push(person);
}

async function refusals(world) {
  const check = world.report.section('communities');
  for (const community of world.communities) {
    const channel = community.channels[0];
    const outsider = world.people.find(person => !community.members.has(person.id));
    if (!outsider) continue;
    check.refused(
      `a non-member posting in ${community.name}`,
      Refusal.notAMember,
      await refusal(() =>
        outsider.attempt('POST', `/api/v1/channels/${channel.id}/messages`, { body: { text: 'let me in' } }),
      ),
    );
    check.refused(
      `a non-member reading ${community.name}`,
      Refusal.notAMember,
      await refusal(() => outsider.read(`/api/v1/channels/${channel.id}/messages`)),
    );
  }
  const [{ id, owner }] = world.communities;
  check.refused(
    'a channel of no kind',
    Refusal.invalid('kind'),
    await refusal(() =>
      owner.attempt('POST', `/api/v1/communities/${id}/channels`, { body: { name: 'odd', kind: 'smell' } }),
    ),
  );
  check.refused(
    'a community without a name',
    Refusal.invalid('name'),
    await refusal(() => owner.attempt('POST', '/api/v1/communities', { body: { name: '' } })),
  );
  check.refused(
    'a community that does not exist',
    Refusal.unknown,
    await refusal(() => owner.read('/api/v1/communities/01890000-0000-7000-8000-000000000000')),
  );
}
