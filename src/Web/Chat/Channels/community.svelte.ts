import { Topics, type ShownStatus } from '@veza/client';
import { untrack } from 'svelte';
import { SvelteMap } from 'svelte/reactivity';
import { session } from '../../Accounts/session.svelte';
import { api } from '../../Http/api';
import { watch } from '../../Live/live';
import { resource, type Resource, type Shape } from '../../Live/resource.svelte';
import type { Member } from '../Members/members';
import { names } from '../Members/names.svelte';
import { allOf } from '../pages';
import { readRoleIds, readRoles } from '../Roles/roleApi';
import type { Role } from '../Roles/roles';
import { readChannels } from './channelApi';
import { applied, type OpenCommunity } from './community';

/** Members that the page lists. */
export const MembersMax = 500;

/** A member as far as presence knows it. */
type Shown = Omit<Member, 'roleIds'>;

/** Who types in which channel, and how members are, of one open community and channel. */
class Presence {
  readonly #statuses = new SvelteMap<string, ShownStatus>();
  readonly #typing = new SvelteMap<string, ReturnType<typeof setTimeout>>();

  statusOf(id: string): ShownStatus | undefined {
    return this.#statuses.get(id);
  }

  get typing(): readonly string[] {
    return [...this.#typing.keys()];
  }

  know(members: readonly Shown[]): void {
    for (const { id, status } of members) this.#statuses.set(id, status);
  }

  changed(id: string, status: ShownStatus): void {
    this.#statuses.set(id, status);
  }

  types(id: string, forMs: number): void {
    clearTimeout(this.#typing.get(id));
    this.#typing.set(
      id,
      setTimeout(() => this.stopped(id), forMs),
    );
  }

  stopped(id: string): void {
    clearTimeout(this.#typing.get(id));
    this.#typing.delete(id);
  }

  clearTyping(): void {
    for (const id of [...this.#typing.keys()]) this.stopped(id);
  }
}

export interface CommunityOnPage {
  readonly state: Resource<OpenCommunity>;
  readonly presence: Presence;
}

/** The community of a component, with the presence of its members and the typing in one channel. */
export function openCommunity(
  place: () => { communityId: string; channelId: string | undefined },
  closed: () => void,
): CommunityOnPage {
  const presence = new Presence();
  const communityId = $derived(place().communityId);
  const channelId = $derived(place().channelId);
  let channelsRead = 0;
  const state: Resource<OpenCommunity> = resource(() => ({
    ...shape(communityId, presence, closed),
    channelsChanged: (id, position) => void readAgain(id, position),
  }));

  /** The channels that this person sees now, and those made meanwhile. */
  async function readAgain(id: string, after: number): Promise<void> {
    const own = ++channelsRead;
    const before = new Set(state.state?.channels.map(channel => channel.id));
    const channels = await readChannels(id, { after }).catch(() => undefined);
    if (channels === undefined || own !== channelsRead || id !== communityId) return;
    const read = new Set(channels.map(channel => channel.id));
    state.update(community => ({
      ...community,
      channels: [
        ...channels,
        ...community.channels.filter(channel => !before.has(channel.id) && !read.has(channel.id)),
      ],
    }));
  }

  $effect(() => {
    const topics = [Topics.community(communityId), ...(channelId === undefined ? [] : [Topics.channel(channelId)])];
    const ending = new AbortController();
    const of = communityId;
    void watch(topics, { signal: ending.signal }, update => {
      if (update.kind === 'presence') {
        for (const { accountId, status } of update.presence) presence.changed(accountId, status);
        for (const { channelId: where, accountId, expiresInMs } of update.typing)
          if (where === channelId) presence.types(accountId, expiresInMs);
      } else if (update.kind === 'watching')
        // What happened until now is not sent.
        void readMembers(of, ending.signal).then(
          members => presence.know(members),
          () => undefined,
        );
    }).catch(() => undefined);
    return () => {
      ending.abort();
      untrack(() => presence.clearTyping());
    };
  });

  return { state, presence };
}

const shape = (
  communityId: string,
  presence: Presence,
  closed: () => void,
): Shape<OpenCommunity> => ({
  of: communityId,
  async read(signal) {
    const path = { communityId };
    const read = await api.getWithPosition('/api/v1/communities/{communityId}', { path, signal });
    const { body, position = 0, counted = position, epoch } = read;
    const [channels, shown, { roles, roleIds }] = await Promise.all([
      readChannels(communityId, { signal }),
      readMembers(communityId, signal),
      readGiven(communityId, signal),
    ]);
    const members = shown.map(member => ({ ...member, roleIds: roleIds.get(member.id) ?? [] }));
    presence.know(members);
    const { id, name, ownerId, createdAt, memberCount } = body;
    return {
      state: {
        me: session.me,
        id,
        name,
        ownerId,
        createdAt,
        memberCount,
        channels,
        members,
        roles,
        position,
        counted,
        sanctionedAt: 0,
        ruledAt: position,
        permittedAt: position,
      },
      position,
      epoch,
    };
  },
  topics: () => [Topics.community(communityId)],
  apply: applied,
  closed,
});

async function readMembers(communityId: string, signal: AbortSignal): Promise<Shown[]> {
  const rows = await allOf(MembersMax, after =>
    api.get('/api/v1/communities/{communityId}/presence', {
      path: { communityId },
      query: { after, limit: 100 },
      signal,
    }),
  );
  names.know(rows.map(({ account }) => account));
  return rows.map(({ account, status }) => ({ ...account, status: status as ShownStatus }));
}

/** The roles, and which members have them. Most communities have none but that of everyone, and cost one call. */
async function readGiven(
  communityId: string,
  signal: AbortSignal,
): Promise<{ roles: readonly Role[]; roleIds: ReadonlyMap<string, readonly string[]> }> {
  const roles = await readRoles(communityId, signal);
  return { roles, roleIds: roles.length > 1 ? await readRoleIds(communityId, MembersMax, signal) : new Map() };
}
