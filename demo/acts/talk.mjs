import { Event, MessageBytesMax, Refusal } from '../names.mjs';
import { refusal } from '../client/person.mjs';
import { sleep } from '../pace.mjs';
import { SlowModeSeconds } from './communities.mjs';
import { awkwardTexts, bytesOf, longText, reactionEmoji, someText } from './texts.mjs';

const MessagesAtFullScale = 3_000;
const ConversationsPerChannel = 2;
/** The pause between two actions in one conversation. All conversations together make hundreds of actions a second. */
const PauseMeanMsMin = 25;
/** A short run talks more slowly, so that connections or the server can break in the middle of it. */
const TalkMsMin = 6_000;
/** People answer, edit and react to only the newest messages, which are on the screen. */
const RecentMax = 30;

/** All channels talk at the same time, each in a few conversations. */
export async function talk(world) {
  const talkative = world.channels.filter(channel => !channel.slowModeSeconds);
  const each = Math.ceil((MessagesAtFullScale * world.options.scale) / talkative.length / ConversationsPerChannel);
  const pauseMeanMs = Math.max(PauseMeanMsMin, TalkMsMin / each);
  const conversations = talkative.flatMap((channel, c) =>
    Array.from({ length: ConversationsPerChannel }, (_, i) =>
      new Conversation(channel, world.chance.branch(`talk ${c} ${i}`)).go(each, pauseMeanMs),
    ),
  );
  await Promise.all([...conversations, slowTalk(world), rules(world)]);
}

class Conversation {
  #recent = [];

  constructor(channel, chance) {
    Object.assign(this, { channel, chance });
    const members = [...channel.community.members.values()];
    this.members = chance.shuffled(members);
    // The community decides who may post announcements; its owner always may.
    this.authors = channel.kind === 'announcement' ? [channel.community.owner] : this.members;
  }

  async go(count, pauseMeanMs) {
    for (let sent = 0; sent < count; sent++) {
      await this.#send();
      await sleep(this.chance.pauseMs(pauseMeanMs));
      await this.#reactToSome();
      if (this.chance.happens(0.12)) await this.#edit();
      if (this.chance.happens(0.04)) await this.#delete();
    }
  }

  async #send() {
    const author = this.chance.popular(this.authors);
    const replyTo = this.#recent.length > 0 && this.chance.happens(0.2) ? this.chance.pick(this.#recent).id : undefined;
    const text = someText(this.chance);
    const { id } = await send(author, this.channel, text, replyTo, { again: this.chance.happens(0.03) });
    this.#recent.push({ id, author, text, reactions: new Set() });
    if (this.#recent.length > RecentMax) this.#recent.shift();
  }

  async #reactToSome() {
    while (this.chance.happens(0.45)) {
      const message = this.chance.pick(this.#recent);
      if (!message) return;
      const member = this.chance.popular(this.members);
      await react(member, this.channel, message, this.chance.popular(reactionEmoji), this.chance.happens(0.15));
    }
  }

  async #edit() {
    const message = this.chance.pick(this.#recent);
    if (!message) return;
    const drawn = someText(this.chance);
    // An edit that changes nothing may cause no event, but this one must cause one.
    const text = drawn === message.text ? 'Never mind.' : drawn;
    message.text = text;
    const expected = { type: Event.MessageEdited, data: { messageId: message.id, channelId: this.channel.id, text } };
    await message.author.write(expected, 'PATCH', `/api/v1/messages/${message.id}`, { body: { text } });
  }

  async #delete() {
    const message = this.chance.pick(this.#recent);
    if (!message) return;
    this.#recent.splice(this.#recent.indexOf(message), 1);
    const expected = { type: Event.MessageDeleted, data: { messageId: message.id, channelId: this.channel.id } };
    await message.author.write(expected, 'DELETE', `/api/v1/messages/${message.id}`);
  }
}

/** Sends a message; with `again` a second time with the same key, which must get the first answer. */
async function send(author, channel, text, replyTo, { again = false } = {}) {
  const path = `/api/v1/channels/${channel.id}/messages`;
  const key = author.ledger.newKey();
  const expected = {
    type: Event.MessageSent,
    data: a => ({ messageId: a.id, channelId: channel.id, authorId: author.id, text }),
  };
  const answer = await author.write(expected, 'POST', path, { body: { text, replyTo }, key });
  if (again) {
    const second = await author.write(null, 'POST', path, { body: { text, replyTo }, key });
    author.ledger.report
      .section('talk')
      .equal(
        'a repeated send is answered as the first',
        { id: answer.id, position: answer.position },
        { id: second.id, position: second.position },
      );
  }
  return answer;
}

/** Adds a reaction, or removes the member's own one. With `again` it does so twice; the second time changes nothing. */
async function react(member, channel, message, emoji, again) {
  const mark = `${member.id} ${emoji}`;
  const removing = message.reactions.has(mark);
  const [type, method] = removing ? [Event.ReactionRemoved, 'DELETE'] : [Event.ReactionAdded, 'PUT'];
  const path = `/api/v1/messages/${message.id}/reactions/${encodeURIComponent(emoji)}`;
  message.reactions[removing ? 'delete' : 'add'](mark);
  await member.write(
    { type, data: { messageId: message.id, channelId: channel.id, memberId: member.id, emoji } },
    method,
    path,
  );
  if (again) await member.write(null, method, path);
}

async function slowTalk(world) {
  const channel = world.channels.find(one => one.slowModeSeconds);
  const { members, owner, roles } = channel.community;
  // The crew manages messages, which slow mode does not bind.
  const first = [...members.values()].find(one => one !== owner && !roles.crewMembers.includes(one));
  const second = [...members.values()].find(one => one !== owner && one !== first);
  world.report
    .section('talk')
    .refused('a second message in slow mode', Refusal.slowMode, await tooSoon(first, channel));
  await send(second, channel, 'Everyone has their own clock here.');
  await slowModePasses();
  await send(first, channel, longText(world.chance.branch('slow'), 2_000));
}

/** Sends two messages in a row in slow mode; the second should be refused. */
async function tooSoon(author, channel) {
  while (true) {
    const startedAt = performance.now();
    await send(author, channel, 'Slowly, slowly.');
    const refused = await refusal(() => send(author, channel, 'And another thing.'));
    if (refused || performance.now() - startedAt < SlowModeSeconds * 1000) return refused;
    // The server was away for so long that the second message was in time.
    await slowModePasses();
  }
}

const slowModePasses = () => sleep(SlowModeSeconds * 1000 + 250);

/** Messages that the rules refuse, and the exact limit of the longest message. */
async function rules(world) {
  const check = world.report.section('talk');
  const chance = world.chance.branch('rules');
  const channel = world.channels.find(one => one.name === 'general');
  const [author, other] = channel.community.members.values();
  const path = `/api/v1/channels/${channel.id}/messages`;
  const trying = (person, method, where, body, key) => refusal(() => person.attempt(method, where, { body, key }));

  const longest = longText(chance, MessageBytesMax);
  const { id } = await send(author, channel, longest, undefined, { again: true });
  check.equal('the longest message is as long as it may be', MessageBytesMax, bytesOf(longest));
  check.refused(
    'a message one byte longer',
    Refusal.messageTooLong,
    await trying(author, 'POST', path, { text: `${longest}.` }),
  );
  check.refused('an empty message', Refusal.invalid('text'), await trying(author, 'POST', path, { text: '' }));
  check.refused(
    'an edit by another account',
    Refusal.notTheAuthor,
    await trying(other, 'PATCH', `/api/v1/messages/${id}`, { text: 'mine now' }),
  );
  check.refused(
    'a message that does not exist',
    Refusal.unknown,
    await trying(author, 'PATCH', '/api/v1/messages/01890000-0000-7000-8000-000000000000', { text: 'hm' }),
  );

  for (const text of awkwardTexts) await send(author, channel, text);

  const key = world.ledger.newKey();
  const expected = text => ({
    type: Event.MessageSent,
    data: a => ({ messageId: a.id, channelId: channel.id, authorId: author.id, text }),
  });
  await author.write(expected('one thing'), 'POST', path, { body: { text: 'one thing' }, key });
  check.refused(
    'the same key with another body',
    Refusal.keyReused,
    await trying(author, 'POST', path, { text: 'another thing' }, key),
  );
}
