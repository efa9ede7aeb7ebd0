import { Event, Permission, Refusal } from '../names.mjs';
import { refusal } from '../client/person.mjs';
import { inParallel } from '../pace.mjs';

const CrewShare = 0.15;
const RegularsShare = 0.5;

/** The second of the members that join, and those up to here, stay without the crew's permissions. */
const PlainMin = 3;

/** Each community gets a crew and regulars; a channel is closed to all but the regulars' words. */
export async function assignRoles(world) {
  const chance = world.chance.branch('roles');
  await inParallel(world.communities.length, world.communities, community =>
    assign(community, chance.branch(community.name)),
  );
  await refusals(world);
}

async function assign(community, chance) {
  const { id, owner, members } = community;
  const crew = await create(community, 'crew', 0xe67e22, Permission.ManageMessages | Permission.ManageRoles);
  const regulars = await create(community, 'regulars', 0x2ecc71, 0n);
  const passing = await create(community, 'passing', 0, 0n);
  await owner.write(
    { type: Event.RoleMoved, data: { communityId: id, roleId: passing } },
    'PUT',
    `/api/v1/communities/${id}/roles/${passing}/place`,
    { body: { aboveRoleId: regulars } },
  );
  await owner.write(
    { type: Event.RoleDeleted, data: { communityId: id, roleId: passing } },
    'DELETE',
    `/api/v1/communities/${id}/roles/${passing}`,
  );
  const others = [...members.values()].filter(person => person !== owner);
  const chosen = others.filter((_, i) => i === 0 || (i >= PlainMin && chance.happens(CrewShare)));
  await inParallel(4, chosen, person => give(community, person, crew));
  await inParallel(4, others.filter(() => chance.happens(RegularsShare)), person => give(community, person, regulars));
  community.roles = { crew, regulars, crewMembers: chosen };

  const channel = community.channels.at(-1);
  await overwrite(community, channel, regulars, Permission.SendMessages, 0n);
  await overwrite(community, channel, id, 0n, Permission.MentionEveryone);
  community.crewRoom = await openCrewRoom(community, crew, chosen[0]);
}

/** A private channel in a category, that only the crew sees. Another one is made and deleted again. */
async function openCrewRoom(community, crew, member) {
  const { owner } = community;
  const category = await makeChannel(community, { name: 'Staff', kind: 'category' });
  const spare = await makeChannel(community, { name: 'spare', categoryId: category.id });
  const room = await makeChannel(community, { name: 'crew', categoryId: category.id, private: true });
  const path = `/api/v1/channels/${room.id}`;
  const settings = { name: 'crew-room', topic: 'Who does what', slowModeSeconds: 0, nsfw: false };
  await owner.write({ type: Event.ChannelChanged, data: { channelId: room.id, ...settings } }, 'PUT', path, {
    body: settings,
  });
  await owner.write({ type: Event.ChannelPlaced, data: { channelId: room.id } }, 'PUT', `${path}/place`, {
    body: { categoryId: category.id, afterChannelId: null },
  });
  const gone = { type: Event.ChannelDeleted, data: { channelId: spare.id } };
  await owner.write(gone, 'DELETE', `/api/v1/channels/${spare.id}`);
  await overwrite(community, room, crew, Permission.ViewChannel, 0n);
  const text = 'Who is on the door tonight?';
  await member.write(
    { type: Event.MessageSent, data: a => ({ messageId: a.id, channelId: room.id, text }) },
    'POST',
    `/api/v1/channels/${room.id}/messages`,
    { body: { text } },
  );
  return room;
}

const makeChannel = ({ id, owner }, body) =>
  owner.write(
    { type: Event.ChannelCreated, data: a => ({ channelId: a.id, name: body.name }) },
    'POST',
    `/api/v1/communities/${id}/channels`,
    { body },
  );

async function create({ id, owner }, name, colour, permissions) {
  const answer = await owner.write(
    { type: Event.RoleCreated, data: a => ({ communityId: id, roleId: a.id, name }) },
    'POST',
    `/api/v1/communities/${id}/roles`,
    { body: { name, colour, permissions: String(permissions), hoisted: true, mentionable: false } },
  );
  return answer.id;
}

const give = ({ id, owner }, person, roleId) =>
  owner.write(
    { type: Event.MemberRoleGiven, data: { communityId: id, memberId: person.id, roleId } },
    'PUT',
    `/api/v1/communities/${id}/members/${person.id}/roles/${roleId}`,
  );

const overwrite = ({ owner }, channel, targetId, allow, deny) =>
  owner.write(
    { type: Event.OverwriteSet, data: { channelId: channel.id, targetId } },
    'PUT',
    `/api/v1/channels/${channel.id}/overwrites/${targetId}`,
    { body: { target: 'role', allow: String(allow), deny: String(deny) } },
  );

async function refusals(world) {
  const check = world.report.section('roles');
  for (const { id, name, owner, roles, members, crewRoom } of world.communities) {
    const [crewMember] = roles.crewMembers;
    const plain = [...members.values()].find(person => person !== owner && !roles.crewMembers.includes(person));
    check.refused(
      `a member of the crew of ${name} changing the crew's own role`,
      Refusal.roleAbove,
      await refusal(() =>
        crewMember.attempt('PUT', `/api/v1/communities/${id}/roles/${roles.crew}`, {
          body: { name: 'kings', permissions: String(Permission.ManageMessages | Permission.ManageRoles) },
        }),
      ),
    );
    if (!plain) continue;
    check.refused(
      `a plain member of ${name} making a role`,
      Refusal.notAMember,
      await refusal(() => plain.attempt('POST', `/api/v1/communities/${id}/roles`, { body: { name: 'mine' } })),
    );
    check.refused(
      `a plain member of ${name} reading the crew's room`,
      Refusal.notAMember,
      await refusal(() => plain.read(`/api/v1/channels/${crewRoom.id}/messages`)),
    );
    const { lastPosition } = world.ledger;
    const listed = async person =>
      (await person.readAll(`/api/v1/communities/${id}/channels`, lastPosition)).some(({ id }) => id === crewRoom.id);
    check.equal(
      `${name}: who is shown the crew's room`,
      { crew: true, plain: false },
      { crew: await listed(crewMember), plain: await listed(plain) },
    );
  }
}
