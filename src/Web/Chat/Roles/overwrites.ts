import { isNeutral, permissionsOf, type AllowDeny } from './permissions';
import type { RoleItem } from './roleItems';

/** What a channel allows and denies one role or one member. */
export interface Overwrite extends AllowDeny {
  /** The id of the role or of the member; the community's id is the role that everyone has. */
  readonly targetId: string;
  readonly target: 'role' | 'member';
}

/** The overwrites of a channel after an item of its topic. */
export function applied(overwrites: readonly Overwrite[], channelId: string, item: RoleItem): readonly Overwrite[] {
  switch (item.type) {
    case 'overwriteSet': {
      const { targetId, target, allow, deny } = item.data;
      if (item.data.channelId !== channelId) return overwrites;
      return withOverwrite(overwrites, {
        targetId,
        target,
        allow: permissionsOf(allow),
        deny: permissionsOf(deny),
      });
    }
    case 'overwriteRemoved':
      return item.data.channelId === channelId ? without(overwrites, item.data.targetId) : overwrites;
    default:
      return overwrites;
  }
}

/** The overwrites with one that was just set; one that says nothing is removed instead. */
export function withOverwrite(overwrites: readonly Overwrite[], next: Overwrite): readonly Overwrite[] {
  if (isNeutral(next)) return without(overwrites, next.targetId);
  const known = overwrites.some(({ targetId }) => targetId === next.targetId);
  return known
    ? overwrites.map(overwrite => (overwrite.targetId === next.targetId ? next : overwrite))
    : [...overwrites, next];
}

const without = (overwrites: readonly Overwrite[], id: string): readonly Overwrite[] =>
  overwrites.filter(({ targetId }) => targetId !== id);
