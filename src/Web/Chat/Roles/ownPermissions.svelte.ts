import { everyMinute } from '../../Design/minute.svelte';
import { resource, type Resource } from '../../Live/resource.svelte';
import type { OpenCommunity } from '../Channels/community';
import { withoutRoles, type Permissions } from './permissions';
import { readPermissions, type Explained } from './roleApi';
import { rankOf } from './roles';

const MinuteMs = 60_000;

/** What the person who is signed in may do in an open community. */
export interface OwnPermissions {
  /** In the community as a whole. */
  readonly community: Permissions;
  /** In the open channel; without one, in the community. */
  readonly channel: Permissions;
  /** A time-out left reading alone. */
  readonly isTimedOut: boolean;
  /** Of the highest role: only what is below it may be managed. */
  readonly rank: number;
}

interface Answer {
  /** Undefined from a server that has no roles. */
  readonly explained: Explained | undefined;
}

interface Place {
  readonly community: OpenCommunity | undefined;
  readonly channelId: string | undefined;
}

/**
 * What the person who is signed in may do at a component's place. It is asked again after each item that may have
 * changed it. Until the first answer, and with a server that has no roles, being the owner decides.
 */
export function ownPermissions(place: () => Place): OwnPermissions {
  const community = $derived(place().community);
  const communityId = $derived(community?.id);
  const channelId = $derived(place().channelId);
  const memberId = $derived(community?.me);
  const permittedAt = $derived(community?.permittedAt ?? 0);
  const kind = $derived(community?.channels.find(({ id }) => id === channelId)?.kind);
  const isOwner = $derived(community !== undefined && community.me === community.ownerId);

  function asked(inChannel: boolean): Resource<Answer> {
    return resource(() => {
      if (communityId === undefined || memberId === undefined) return undefined;
      if (inChannel && channelId === undefined) return undefined;
      const of = { communityId, memberId, channelId: inChannel ? channelId : undefined };
      const after = permittedAt;
      void again;
      return {
        of: `${communityId} ${of.channelId}`,
        read: async signal => ({
          state: { explained: await readPermissions(of, { after, signal }) },
          position: undefined,
        }),
        topics: () => [],
        apply: answer => answer,
      };
    });
  }

  const whole = asked(false);
  const here = asked(true);
  const steps = $derived((here.state ?? whole.state)?.explained?.steps ?? []);
  const isTimedOut = $derived(steps.some(({ rule }) => rule === 'timeOut'));
  // A time-out runs out without an item, and a call that failed may work later.
  const isPassing = $derived(isTimedOut || whole.error !== undefined || here.error !== undefined);
  const again = $derived(isPassing ? Math.floor(everyMinute() / MinuteMs) : 0);

  return {
    get community() {
      return whole.state?.explained?.permissions ?? withoutRoles(isOwner);
    },
    get channel() {
      const answer = channelId === undefined ? whole.state : here.state;
      return answer?.explained?.permissions ?? withoutRoles(isOwner, kind);
    },
    get isTimedOut() {
      return isTimedOut;
    },
    get rank() {
      if (community === undefined) return 0;
      const { me } = community;
      const listed = community.members.find(({ id }) => id === me)?.roleIds;
      // Of a large community not all members are listed. The steps name the roles that grant something.
      return rankOf(community, me, listed ?? steps.flatMap(({ roleId }) => roleId ?? []));
    },
  };
}
