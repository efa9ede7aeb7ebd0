// Reads guilds, one JSON object a line, and answers each with the permissions of the member 1 in the channel 3, as
// discord.js computes them: a decimal number a line.
//   {"owner": bool, "everyone": "bits", "roles": [{"bits", "given": bool}],
//    "overwrites": [{"target", "allow", "deny"}]}
// A target is "everyone", "member" or a role's index.
import { createInterface } from 'node:readline';
import { Client } from 'discord.js';

const [memberId, ownerId, channelId, guildId, firstRoleId] = ['1', '2', '3', '4', 100];
const client = new Client({ intents: [] });
const roleId = index => String(firstRoleId + index);

const idOf = target => {
  if (target === 'everyone') return guildId;
  return target === 'member' ? memberId : roleId(target);
};

const permissionsIn = guild => {
  const made = client.guilds._add({
    id: guildId,
    name: 'guild',
    owner_id: guild.owner ? memberId : ownerId,
    roles: [
      { id: guildId, name: '@everyone', permissions: guild.everyone, position: 0 },
      ...guild.roles.map((role, i) => ({ id: roleId(i), name: 'role', permissions: role.bits, position: i + 1 })),
    ],
    channels: [
      {
        id: channelId,
        type: 0,
        name: 'channel',
        permission_overwrites: guild.overwrites.map(({ target, allow, deny }) => ({
          id: idOf(target),
          type: target === 'member' ? 1 : 0,
          allow,
          deny,
        })),
      },
    ],
    members: [
      {
        user: { id: memberId, username: 'member' },
        roles: guild.roles.flatMap((role, i) => (role.given ? [roleId(i)] : [])),
      },
    ],
  }, false);
  return made.channels.cache.get(channelId).permissionsFor(made.members.cache.get(memberId)).bitfield;
};

const answers = [];
for await (const line of createInterface({ input: process.stdin })) {
  answers.push(String(permissionsIn(JSON.parse(line))));
  client.channels.cache.clear();
}
process.stdout.write(answers.join('\n') + '\n');
