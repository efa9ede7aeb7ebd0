import type { ShownStatus } from '@veza/client';

export interface Member {
  readonly id: string;
  readonly userName: string;
  readonly status: ShownStatus;
}

/** Those who are here, by name, then the others. */
export function grouped(members: readonly Member[]): { here: readonly Member[]; away: readonly Member[] } {
  const byName = (a: Member, b: Member): number => a.userName.localeCompare(b.userName);
  return {
    here: members.filter(({ status }) => status !== 'offline').sort(byName),
    away: members.filter(({ status }) => status === 'offline').sort(byName),
  };
}
