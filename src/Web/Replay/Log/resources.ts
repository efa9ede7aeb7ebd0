import type { LogRecord } from './records';

/** A part of the API that an event may have changed, and the screen that shows it. */
export interface Touched {
  readonly kind:
    | 'message'
    | 'channel'
    | 'channels'
    | 'community'
    | 'members'
    | 'track'
    | 'comments'
    | 'account'
    | 'chart';
  /** The address that answers it as of a position. */
  readonly address: string;
  /** The screen of it; undefined when there is none. */
  readonly screen: string | undefined;
  /** It begins with this event, so there is nothing before. */
  readonly begins: boolean;
}

const Accounts = ['accountId', 'ownerId', 'authorId', 'memberId', 'followerId', 'followeeId', 'listenerId'] as const;

/** What an event may have changed, the narrowest first. */
export function touchedBy({ type, data, stream, version }: LogRecord): Touched[] {
  const id = (name: string): string | undefined => {
    const value = data[name];
    return typeof value === 'string' ? value : undefined;
  };
  const found: Touched[] = [];
  const add = (kind: Touched['kind'], address: string, screen?: string): void => {
    if (found.some(other => other.address === address)) return;
    found.push({ kind, address, screen, begins: version === 1 && address.includes(stream) });
  };
  const [message, channel, community, track] = [id('messageId'), id('channelId'), id('communityId'), id('trackId')];
  const channelScreen =
    channel === undefined || community === undefined ? undefined : `/communities/${community}/channels/${channel}`;
  if (message !== undefined) add('message', `/api/v1/messages/${message}`);
  if (channel !== undefined) add('channel', `/api/v1/channels/${channel}/messages`, channelScreen);
  if (track !== undefined) {
    add('track', `/api/v1/tracks/${track}`, `/tracks/${track}`);
    if (type === 'track_commented') add('comments', `/api/v1/tracks/${track}/comments`, `/tracks/${track}`);
    if (type === 'play_counted') add('chart', '/api/v1/charts/top?span=day', '/charts');
  }
  if (community !== undefined) {
    add('community', `/api/v1/communities/${community}`, `/communities/${community}`);
    if (type.startsWith('member_')) add('members', `/api/v1/communities/${community}/members`);
    if (type === 'channel_created') add('channels', `/api/v1/communities/${community}/channels`);
  }
  for (const name of Accounts) {
    const account = id(name);
    if (account !== undefined) add('account', `/api/v1/accounts/${account}`, `/accounts/${account}`);
  }
  return found;
}

/** An address with the moment to show. */
export const asOf = (address: string, position: number): string =>
  `${address}${address.includes('?') ? '&' : '?'}asOf=${position}`;
