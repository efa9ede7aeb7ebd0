import { Permission } from '../names.mjs';
import { inParallel } from '../pace.mjs';

const AskedMembersMax = 5;

/** Roles, who has them, overwrites, and what members may do, compared with the folded log. */
export async function checkRoles(world, model, head) {
  const check = world.report.section('roles');
  await inParallel(4, world.communities, community => checkCommunity(check, community, model, head));
}

async function checkCommunity(check, { id, name, owner, channels }, model, head) {
  const expected = model.communities.get(id);
  const roles = await owner.readAll(`/api/v1/communities/${id}/roles`, head);
  const shape = role => JSON.stringify([role.id, role.name, role.colour, String(role.permissions), role.hoisted]);
  check.sameList(
    `${name}: roles, the highest first`,
    [...expected.roles.values()].sort((a, b) => b.rank - a.rank).map(shape),
    roles.filter(role => role.id !== id).map(shape),
  );

  const members = await owner.readAll(`/api/v1/communities/${id}/members`, head);
  const having = (memberId, roleIds) => `${memberId} ${[...roleIds].sort().join(' ')}`;
  check.sameSet(
    `${name}: the members' roles`,
    [...expected.members.keys()].map(memberId => having(memberId, rolesOf(expected, memberId))),
    members.map(member => having(member.account.id, member.roleIds)),
  );
  for (const channel of channels) await checkOverwrites(check, name, owner, channel, model, head);
  for (const memberId of [...expected.members.keys()].slice(0, AskedMembersMax))
    for (const channel of channels) await checkMember(check, name, owner, memberId, channel, model, head);
}

async function checkOverwrites(check, name, owner, channel, model, head) {
  const shape = one => `${one.targetId} ${one.allow} ${one.deny}`;
  check.sameList(
    `${name} #${channel.name}: overwrites`,
    [...model.channel(channel.id).overwrites.values()].map(shape),
    (await owner.readAll(`/api/v1/channels/${channel.id}/overwrites`, head)).map(shape),
  );
}

/** What the server computes by its rules, against a few bits by rules of this demo's own. */
async function checkMember(check, name, owner, memberId, channel, model, head) {
  const community = model.communities.get(channel.community.id);
  const path = `/api/v1/communities/${community.id}/members/${memberId}/permissions?channel=${channel.id}`;
  const answer = await owner.read(path, head);
  const isOwner = memberId === community.ownerId;
  const granted = rolesOf(community, memberId).map(roleId => BigInt(community.roles.get(roleId).permissions));
  const manages = isOwner || granted.some(bits => bits & Permission.ManageMessages);
  const isSaid = bit => (BigInt(answer.permissions) & bit) !== 0n;
  check.equal(
    `${name} #${channel.name}: what ${memberId} may do`,
    { manages, writes: manages || channel.kind !== 'announcement', sees: true },
    {
      manages: isSaid(Permission.ManageMessages),
      writes: isSaid(Permission.SendMessages),
      sees: isSaid(Permission.ViewChannel),
    },
  );
  check.that(
    `${name} #${channel.name}: each step of ${memberId} names an event`,
    answer.steps.filter(step => step.rule !== 'withoutSendMessages').every(step => step.positions.length > 0),
    'positions',
    answer.steps,
  );
}

const rolesOf = (community, memberId) =>
  [...(community.given.get(memberId) ?? [])].filter(roleId => community.roles.has(roleId));
