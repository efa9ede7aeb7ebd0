import { isKnown, Topics, type Item } from '@veza/client';
import { session } from '../../Accounts/session.svelte';
import { toasts } from '../../Design/toasts.svelte';
import { api } from '../../Http/api';
import { Resource, type ReadState } from '../../Live/resource.svelte';
import { allOf } from '../pages';
import { applied, changed, left, read, withCommunity, type Mine, type MyCommunity } from './communities';
import { words } from './words';

/** Communities that are read and followed: as many as a person keeps in view. */
const CommunitiesMax = 200;
/** A community has no more. */
export const ChannelsMax = 500;
const PageMax = 50;
const ReadsAtOnce = 4;

interface Named {
  readonly id: string;
  readonly name: string;
  readonly ownerId: string;
}

/** The communities of the person who is signed in, with their unread messages. The frame starts it. */
class MyCommunities {
  #resource: Resource<Mine> = $state.raw(new Resource<Mine>());
  #reading = false;
  #readAfter = 0;

  get state(): Mine | undefined {
    return this.#resource.state;
  }

  get error(): unknown {
    return this.#resource.error;
  }

  find(id: string): MyCommunity | undefined {
    return this.state?.communities.find(one => one.id === id);
  }

  /** Follows until the answer is called. */
  start(me: string): () => void {
    const ending = new AbortController();
    const resource = new Resource<Mine>();
    this.#resource = resource;
    void resource.run(
      {
        read: signal => readAll(me, signal),
        topics: () => [Topics.myCommunities, Topics.account(me)],
        apply: (mine, item) => {
          this.#say(mine, item);
          const next = applied(mine, item);
          if (next.missing.length > 0) queueMicrotask(() => void this.#readMissing(item.position));
          return next;
        },
        channelsChanged: (communityId, position) => {
          resource.update(mine => changed(mine, communityId));
          void this.#readMissing(position);
        },
      },
      ending.signal,
    );
    return () => ending.abort();
  }

  retry(): (() => void) | undefined {
    return this.start(session.me);
  }

  /** What this person has read, before the item comes. */
  read(channelId: string, upTo: number, after: number): void {
    this.#resource.update(mine => read(mine, channelId, upTo, after));
  }

  /**
   * Reads a community that was just made or joined, so that it is there at once.
   * @param after the event by which it is known; a write of this page needs none
   */
  async add(id: string, after?: number): Promise<void> {
    const path = { communityId: id };
    const community = await readOne(await api.get('/api/v1/communities/{communityId}', { path, after }), after);
    this.#resource.update(mine => withCommunity(mine, community, after));
  }

  leave(id: string): void {
    this.#resource.update(mine => left(mine, id));
  }

  async #readMissing(after: number): Promise<void> {
    this.#readAfter = Math.max(after, this.#readAfter);
    if (this.#reading) return;
    this.#reading = true;
    try {
      for (let id = this.state?.missing[0]; id !== undefined; id = this.state?.missing[0])
        await this.add(id, this.#readAfter);
    } catch {
      // Left again meanwhile, or the server is away: the next item tries again.
    } finally {
      this.#reading = false;
    }
  }

  /** Says kindly why a community is gone. */
  #say(mine: Mine, item: Item): void {
    if (!isKnown(item) || item.position <= mine.position) return;
    if (item.type !== 'memberKicked' && item.type !== 'memberBanned') return;
    const { memberId, communityId, reason } = item.data;
    const name = mine.communities.find(({ id }) => id === communityId)?.name;
    if (memberId !== mine.me || name === undefined) return;
    toasts.say(item.type === 'memberKicked' ? words().kicked(name, reason) : words().banned(name, reason), 'bad');
  }
}

export const mine = new MyCommunities();

async function readAll(me: string, signal: AbortSignal): Promise<ReadState<Mine>> {
  // Everything up to here is in what is read after it.
  const { position = 0, epoch } = await api.getWithPosition('/api/v1/accounts/{accountId}', {
    path: { accountId: me },
    signal,
  });
  const named: Named[] = await allOf(CommunitiesMax, after =>
    api.get('/api/v1/communities', { query: { after, limit: PageMax }, after: position, signal }),
  );
  const communities: MyCommunity[] = [];
  for (let i = 0; i < named.length; i += ReadsAtOnce) {
    const some = named.slice(i, i + ReadsAtOnce);
    communities.push(...(await Promise.all(some.map(one => readOne(one, position, signal)))));
  }
  return { state: { me, communities, missing: [], position }, position, epoch };
}

async function readOne(
  { id, name, ownerId }: Named,
  position?: number,
  signal?: AbortSignal,
): Promise<MyCommunity> {
  let exactAt = position ?? 0;
  const rows = await allOf(ChannelsMax, async after => {
    const { body, counted: at } = await api.getWithPosition('/api/v1/communities/{communityId}/unread', {
      path: { communityId: id },
      query: { after, limit: 100 },
      after: position,
      signal,
    });
    exactAt = at ?? exactAt;
    return { ...body, items: body.items.map(row => ({ ...row, exactAt })) };
  });
  const channels = rows.map(row => ({
    id: row.channelId,
    upTo: row.upTo,
    before: row.unread,
    exactAt: row.exactAt,
    since: [],
  }));
  return { id, name, ownerId, channels };
}
