import { Event, Refusal } from '../names.mjs';
import { Person, refusal } from '../client/person.mjs';

const TimeOutMs = 600_000;

/** After the talk: members move their read markers, a founder moderates, and a program acts for an account. */
export async function keepOrder(world) {
  const [community] = world.communities;
  await Promise.all([
    timeOut(world, community),
    ban(world, community),
    ...world.communities.slice(1).map(one => markRead(world, one)),
    program(world),
  ]);
}

async function markRead(world, community) {
  const check = world.report.section('order');
  const [channel] = community.channels;
  const reader = [...community.members.values()].at(-1);
  const { items } = await reader.read(`/api/v1/channels/${channel.id}/messages?limit=1`, world.ledger.lastPosition);
  if (items.length === 0) return;
  const upTo = items[0].position;
  const expected = { type: Event.ChannelRead, data: { channelId: channel.id, memberId: reader.id, upTo } };
  const { position } = await reader.write(expected, 'PUT', `/api/v1/channels/${channel.id}/read`, { body: { upTo } });
  const unread = await reader.readAll(`/api/v1/communities/${community.id}/unread`, position);
  const found = unread.find(one => one.channelId === channel.id);
  check.equal(
    `${community.name}: nothing is unread in a channel read to its end`,
    [upTo, 0],
    [found?.upTo, found?.unread],
  );
}

async function timeOut(world, community) {
  const check = world.report.section('order');
  const { id, owner, channels } = community;
  const member = [...community.members.values()].find(one => one !== owner);
  const path = `/api/v1/communities/${id}/members/${member.id}/timeout`;
  const of = type => ({ type, data: { communityId: id, memberId: member.id, byMemberId: owner.id } });
  const until = new Date(Date.now() + TimeOutMs).toISOString();
  const { position } = await owner.write(of(Event.MemberTimedOut), 'PUT', path, {
    body: { until, reason: 'Cool down.' },
  });
  const sanctions = await owner.readAll(`/api/v1/communities/${id}/sanctions`, position);
  check.that(
    'a time-out is listed',
    sanctions.some(one => one.account.id === member.id),
    member.id,
    sanctions,
  );
  const speaking = () =>
    member.attempt('POST', `/api/v1/channels/${channels[0].id}/messages`, { body: { text: 'But I only said' } });
  check.refused('a message of a timed-out member', Refusal.timedOut, await refusal(speaking));
  await owner.write(of(Event.MemberTimeOutEnded), 'DELETE', path);
}

/** Bans an account that is not a member, and now cannot become one. */
async function ban(world, community) {
  const check = world.report.section('order');
  const { id, owner } = community;
  const outsider = world.people.find(person => !community.members.has(person.id));
  if (!outsider) return;
  const expected = { type: Event.MemberBanned, data: { communityId: id, memberId: outsider.id, byMemberId: owner.id } };
  await owner.write(expected, 'PUT', `/api/v1/communities/${id}/bans/${outsider.id}`, {
    body: { reason: 'Sells copies elsewhere.' },
  });
  check.refused(
    'a banned account joining',
    Refusal.banned,
    await refusal(() => outsider.attempt('PUT', `/api/v1/communities/${id}/members/me`)),
  );
}

async function program(world) {
  const check = world.report.section('order');
  const channel = world.channels.find(one => one.name === 'general');
  const { owner } = channel.community;
  const made = { type: Event.ApiKeyCreated, data: answer => ({ keyId: answer.id, accountId: owner.id }) };
  const { key } = await owner.write(made, 'POST', '/api/v1/api-keys', {
    body: { name: 'Gig reminders', scopes: ['messages:write'], days: 30 },
  });
  const bot = Person.withKey(owner, key);
  const text = 'Doors open at eight.';
  const sent = {
    type: Event.MessageSent,
    data: answer => ({ messageId: answer.id, channelId: channel.id, authorId: owner.id, text }),
  };
  await bot.write(sent, 'POST', `/api/v1/channels/${channel.id}/messages`, { body: { text } });
  check.refused(
    'a key asked for more than its scopes',
    Refusal.scopeMissing,
    await refusal(() => bot.attempt('DELETE', '/api/v1/sessions/current')),
  );
}
