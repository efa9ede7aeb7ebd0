import { api } from '../../Http/api';
import { allOf } from '../pages';
import type { Place } from './channelGroups';
import type { Channel, ChannelKind } from './community';

const ChannelsPath = '/api/v1/communities/{communityId}/channels';
const ChannelPath = '/api/v1/channels/{channelId}';

/** A community has no more. */
const ChannelsMax = 500;

/** What the settings of a channel hold. */
export type ChannelBody = Pick<Channel, 'name' | 'topic' | 'slowModeSeconds' | 'nsfw'>;

/** What is chosen of a channel when it is made, and changed elsewhere later. */
interface Beginning {
  readonly kind: ChannelKind;
  readonly categoryId: string | null;
  readonly private: boolean;
}

/** The channels that this person sees, with the categories, in the order in which they were made. */
export const readChannels = (
  communityId: string,
  { after: since, signal }: { after?: number; signal?: AbortSignal },
): Promise<Channel[]> =>
  allOf(ChannelsMax, after =>
    api.get(ChannelsPath, {
      path: { communityId },
      query: { after, limit: 100 },
      after: since,
      signal,
    }),
  );

export const createChannel = (communityId: string, body: ChannelBody & Beginning): Promise<{ id: string }> =>
  api.post(ChannelsPath, { path: { communityId }, body });

export const changeChannel = (channelId: string, body: ChannelBody): Promise<unknown> =>
  api.put(ChannelPath, { path: { channelId }, body });

export const moveChannel = (channelId: string, place: Place): Promise<unknown> =>
  api.put(`${ChannelPath}/place`, { path: { channelId }, body: place });

export const deleteChannel = (channelId: string): Promise<unknown> =>
  api.delete(ChannelPath, { path: { channelId } });
