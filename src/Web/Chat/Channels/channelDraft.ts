import type { ChannelBody } from './channelApi';

/** The settings of a channel as its fields hold them. */
export interface ChannelDraft {
  readonly name: string;
  readonly topic: string;
  /** In seconds. */
  readonly slowMode: string;
  readonly nsfw: boolean;
}

export const NewDraft: ChannelDraft = { name: '', topic: '', slowMode: '0', nsfw: false };

export const draftOf = ({ name, topic, slowModeSeconds, nsfw }: ChannelBody): ChannelDraft => ({
  name,
  topic: topic ?? '',
  slowMode: String(slowModeSeconds),
  nsfw,
});

export const bodyOf = ({ name, topic, slowMode, nsfw }: ChannelDraft): ChannelBody => ({
  name: name.trim(),
  topic: topic.trim() || null,
  slowModeSeconds: Number(slowMode),
  nsfw,
});

export const isSame = (a: ChannelBody, b: ChannelBody): boolean =>
  a.name === b.name && a.topic === b.topic && a.slowModeSeconds === b.slowModeSeconds && a.nsfw === b.nsfw;
