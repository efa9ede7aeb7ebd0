import { inParallel } from '../pace.mjs';

const ReadingAtOnce = 8;
const PageMessages = 50;
/** One channel is paged forwards to its end; of the others only the first pages are read. */
const ForwardPagesMax = 5;

/** Communities, members, channels and their histories as every kind of reader sees them. */
export async function checkChat(world, model, head) {
  const check = world.report.section('chat');
  await inParallel(ReadingAtOnce, world.communities, community => checkCommunity(check, community, model, head));
  await inParallel(ReadingAtOnce, world.channels, (channel, i) =>
    checkChannel(world, check, channel, model, head, i === 0),
  );
}

async function checkCommunity(check, { id, name, owner }, model, head) {
  const expected = model.communities.get(id);
  const found = await owner.read(`/api/v1/communities/${id}`, head);
  check.equal(
    `${name}`,
    [expected.name, expected.ownerId, expected.members.size],
    [found.name, found.ownerId, found.memberCount],
  );
  const members = await owner.readAll(`/api/v1/communities/${id}/members`, head);
  const named = accountId => `${accountId} ${model.account(accountId).userName}`;
  check.sameSet(
    `${name}: members`,
    [...expected.members.keys()].map(named),
    members.map(member => `${member.account.id} ${member.account.userName}`),
  );

  const channels = await owner.readAll(`/api/v1/communities/${id}/channels`, head);
  const shape = channel =>
    JSON.stringify([
      channel.id,
      channel.name,
      channel.kind,
      channel.topic ?? null,
      channel.slowModeSeconds ?? 0,
      channel.nsfw,
      channel.categoryId,
      channel.rank,
    ]);
  check.sameSet(
    `${name}: channels`,
    [...model.channels.values()].filter(channel => channel.communityId === id).map(shape),
    channels.map(shape),
  );
}

async function checkChannel(world, check, channel, model, head, thoroughly) {
  const reader = [...channel.community.members.values()][1];
  const name = `${channel.community.name} #${channel.name}`;
  const expected = model
    .shownIn(channel.id)
    .map(message => asShown(message, model, reader.id))
    .reverse();
  const path = `/api/v1/channels/${channel.id}/messages`;

  const backwards = (await reader.readAll(`${path}?limit=${PageMessages}`, head)).map(comparable);
  check.sameList(`${name}: history backwards, newest first`, expected, backwards);
  if (expected.length === 0) return;
  await checkForwards(check, name, reader, path, expected, head, thoroughly ? Infinity : ForwardPagesMax);
  await checkAround(check, name, reader, path, expected, head);
  await checkBefore(check, name, reader, path, expected, head);
  await checkEdits(world, check, name, reader, channel, model, head);
}

/** Pages from the oldest message on. Each page holds the next messages, newest first like every page. */
async function checkForwards(check, name, reader, path, expected, head, pagesMax) {
  for (let at = expected.length - 1, pages = 0; at > 0 && pages < pagesMax; pages++) {
    const { items } = await reader.read(`${path}?after=${expected[at].id}&limit=${PageMessages}`, head);
    const wanted = expected.slice(Math.max(0, at - PageMessages), at);
    check.sameList(`${name}: the page after message ${expected.length - at}`, wanted, items.map(comparable));
    if (items.length === 0) return;
    at -= wanted.length;
  }
}

async function checkBefore(check, name, reader, path, expected, head) {
  const at = Math.floor(expected.length / 3);
  const { items } = await reader.read(`${path}?before=${expected[at].id}&limit=20`, head);
  check.sameList(
    `${name}: the page before message ${expected.length - at}`,
    expected.slice(at + 1, at + 21),
    items.map(comparable),
  );
}

/** The page holds the middle, has no gap, and is as long as requested if possible. The server chooses its start. */
async function checkAround(check, name, reader, path, expected, head) {
  const limit = 21;
  const at = Math.floor(expected.length / 2);
  const { items } = await reader.read(`${path}?around=${expected[at].id}&limit=${limit}`, head);
  const from = expected.findIndex(message => message.id === items[0]?.id);
  check.sameList(
    `${name}: around message ${expected.length - at}`,
    from < 0 ? [expected[at]] : expected.slice(from, from + items.length),
    items.map(comparable),
  );
  check.that(
    `${name}: around holds the message itself`,
    items.some(item => item.id === expected[at].id),
    expected[at].id,
    items.map(item => item.id),
  );
  check.that(
    `${name}: around is as long as it can be`,
    items.length >= Math.min(limit, expected.length) - 1 && items.length <= limit,
    Math.min(limit, expected.length),
    items.length,
  );
}

async function checkEdits(world, check, name, reader, channel, model, head) {
  const edited = model.shownIn(channel.id).find(message => message.edits > 0);
  if (!edited) return;
  check.equal(
    `${name}: an edited message by itself`,
    asShown(edited, model, reader.id),
    comparable(await reader.read(`/api/v1/messages/${edited.id}`, head)),
  );
  const edits = await reader.read(`/api/v1/messages/${edited.id}/edits`, head);
  const count = (edits.items ?? edits).length;
  // The first text may or may not be listed as the version before the first edit.
  check.that(`${name}: its edits`, count === edited.edits || count === edited.edits + 1, edited.edits, count);
}

/** A message as the contract shows it to the reader. The server chooses the order of the emoji. */
function asShown(message, model, readerId) {
  const { id, channelId, authorId, text, replyTo, sentAt, editedAt, edits, position } = message;
  const reactions = [...message.reactions].map(([emoji, members]) => ({
    emoji,
    count: members.size,
    me: members.has(readerId),
  }));
  return comparable({
    id,
    channelId,
    author: { id: authorId, userName: model.account(authorId).userName },
    text,
    replyTo,
    sentAt,
    editedAt,
    edits,
    reactions,
    position,
  });
}

function comparable({ id, channelId, author, text, replyTo, sentAt, editedAt, edits, reactions, position }) {
  const marks = reactions.map(({ emoji, count, me }) => `${emoji} ${count}${me ? ' me' : ''}`).sort();
  return {
    id,
    channelId,
    author: [author.id, author.userName],
    text,
    replyTo: replyTo ?? null,
    sentAt: ms(sentAt),
    editedAt: ms(editedAt),
    edits,
    reactions: marks,
    position,
  };
}

/** Compares times as moments, since the contract does not fix their digits. */
const ms = time => (time ? Date.parse(time) : null);
