import { EventStream } from '../client/sse.mjs';
import { LiveConnection } from '../client/hub.mjs';
import { Topic } from '../names.mjs';
import { sleep } from '../pace.mjs';

const BreakEveryMs = 1_500;
const BrokenAtOnce = 4;
const RefusedWithinMs = 5_000;

/** The live watchers: their connections, their subscriptions, and the connections that break. */
export class Watchers {
  #connections = new Map();
  #breaking = null;

  constructor(world) {
    this.world = world;
    this.watches = [];
    this.breaks = 0;
    this.chance = world.chance.branch('tunnel');
  }

  /** Subscribes the analyst to everything from now on. */
  log() {
    this.whole = this.#watch(this.world.operator, 'log', [Topic.log], this.world.startPosition);
  }

  /** Subscribes each person to their own account, and one also to the top chart. */
  people() {
    const after = this.world.ledger.lastPosition;
    for (const person of this.world.people)
      this.#watch(person, `account of ${person.userName}`, [Topic.account(person.id)], after);
    this.#watch(this.world.people[0], 'top chart', [Topic.chart('top')], after);
  }

  /** One member watches each channel, another all of a community's, and one a community over server-sent events. */
  async channels() {
    const { communities, options, people } = this.world;
    for (const [i, { name, channels, members, owner }] of communities.entries()) {
      const after = Math.max(...channels.map(channel => channel.createdAt));
      const staying = [...members.values()];
      channels.forEach((channel, c) =>
        this.#watch(
          staying[c % staying.length],
          `channel ${channel.name} of ${name}`,
          [Topic.channel(channel.id)],
          after,
        ),
      );
      const all = channels.map(channel => Topic.channel(channel.id));
      this.#watch(staying.at(-1), `all channels of ${name}`, all, after);
      if (i > 0) continue;
      this.events = new EventStream(options.url, owner, all, after, options.patienceMs);
      this.watches.push(this.events.watch);
      await this.#refuseOutsider(
        people.find(person => !members.has(person.id)),
        channels[0],
        after,
      );
    }
  }

  tracks() {
    const { tracks, people } = this.world;
    for (const track of tracks)
      this.#watch(track.owner, `track ${track.title}`, [Topic.track(track.id)], track.uploadedAt);
    const after = Math.max(...tracks.map(track => track.uploadedAt));
    this.#watch(
      people.at(-1),
      'all tracks',
      tracks.map(track => Topic.track(track.id)),
      after,
    );
  }

  broadcast(owner, id, after) {
    return this.#watch(owner, `broadcast ${id}`, [Topic.broadcast(id)], after);
  }

  /** From now on connections break, a few every few seconds. */
  startBreaking() {
    this.#breaking = setInterval(() => {
      const chosen = this.chance.some([...this.#connections.values()], BrokenAtOnce);
      for (const connection of [...chosen, this.chance.pick([this.events, this.#connections.get(this.world.operator)])])
        connection?.breakOff();
      this.breaks += chosen.length + 1;
    }, BreakEveryMs);
  }

  stopBreaking() {
    clearInterval(this.#breaking);
  }

  get reconnects() {
    return (
      [...this.#connections.values()].reduce((sum, connection) => sum + connection.reconnects, 0) +
      (this.events?.watch.resumed ?? 0)
    );
  }

  get faults() {
    return [...this.#connections.values()].flatMap(connection => connection.faults);
  }

  get connectionCount() {
    return this.#connections.size;
  }

  async stop() {
    this.stopBreaking();
    await Promise.all([...this.#connections.values(), this.events].map(connection => connection?.stop()));
  }

  #watch(person, name, topics, after) {
    const watch = this.#connection(person).watch(name, topics, after);
    watch.person = person;
    this.watches.push(watch);
    return watch;
  }

  #connection(person) {
    if (!this.#connections.has(person))
      this.#connections.set(person, new LiveConnection(this.world.options.url, person, this.world.options.patienceMs));
    return this.#connections.get(person);
  }

  async #refuseOutsider(outsider, channel, after) {
    if (!outsider) return;
    const watch = this.#connection(outsider).watch('an outsider', [Topic.channel(channel.id)], after);
    for (let waitedMs = 0; !watch.refusal && waitedMs < RefusedWithinMs; waitedMs += 50) await sleep(50);
    this.world.report
      .section('live')
      .that(
        `a non-member subscribing to ${channel.name}`,
        Boolean(watch.refusal) && watch.items.length === 0,
        'the stream ends at once',
        watch.refusal ?? `still open after ${RefusedWithinMs} ms with ${watch.items.length} items`,
      );
  }
}
