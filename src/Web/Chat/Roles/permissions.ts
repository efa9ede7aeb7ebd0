import type { ChannelKind } from '../Channels/community';

/** Permissions as the sum of their bits. There are 53, which numbers of JavaScript do not hold safely. */
export type Permissions = bigint;

/** The bit of each permission that does something today. The values are Discord's. */
export const bits = {
  KickMembers: 1n << 1n,
  BanMembers: 1n << 2n,
  Administrator: 1n << 3n,
  ManageChannels: 1n << 4n,
  AddReactions: 1n << 6n,
  ViewChannel: 1n << 10n,
  SendMessages: 1n << 11n,
  ManageMessages: 1n << 13n,
  ReadMessageHistory: 1n << 16n,
  ManageRoles: 1n << 28n,
  ModerateMembers: 1n << 40n,
  BypassSlowMode: 1n << 52n,
} as const;

export type PermissionName = keyof typeof bits;

export const None: Permissions = 0n;

/** Every bit that is in use; 47 is not. */
export const All: Permissions = ((1n << 53n) - 1n) & ~(1n << 47n);

/** Those that a role is offered, in the order in which they are shown. */
export const offered: readonly PermissionName[] = [
  'ViewChannel',
  'ReadMessageHistory',
  'SendMessages',
  'AddReactions',
  'BypassSlowMode',
  'ManageMessages',
  'ManageChannels',
  'ModerateMembers',
  'KickMembers',
  'BanMembers',
  'ManageRoles',
  'Administrator',
];

/** Those that a channel may grant or deny. The others concern the community as a whole. */
export const offeredInChannel: readonly PermissionName[] = [
  'ViewChannel',
  'ReadMessageHistory',
  'SendMessages',
  'AddReactions',
  'BypassSlowMode',
  'ManageMessages',
  'ManageRoles',
];

export const has = (permissions: Permissions, name: PermissionName): boolean => (permissions & bits[name]) !== None;

/** The permissions with one of them, or without it. All other bits stay, also those that this page does not know. */
export const withPermission = (permissions: Permissions, name: PermissionName, on: boolean): Permissions =>
  on ? permissions | bits[name] : permissions & ~bits[name];

/** The permissions of a JSON text: a decimal number. None in what is not one. */
export const permissionsOf = (text: string): Permissions => (/^\d{1,19}$/.test(text) ? BigInt(text) : None);

/** As they go into JSON. */
export const textOf = (permissions: Permissions): string => permissions.toString();

export const isOffered = (name: string): name is PermissionName => Object.hasOwn(bits, name);

/** What a channel says about one permission of a role or a member. */
export type Choice = 'allow' | 'neutral' | 'deny';

/** What a channel allows and denies a role or a member. A permission is in one of the two at most. */
export interface AllowDeny {
  readonly allow: Permissions;
  readonly deny: Permissions;
}

export const Neutral: AllowDeny = { allow: None, deny: None };

export function choiceOf(overwrite: AllowDeny, name: PermissionName): Choice {
  if (has(overwrite.allow, name)) return 'allow';
  return has(overwrite.deny, name) ? 'deny' : 'neutral';
}

/** The overwrite with another choice for one permission. */
export const withChoice = (overwrite: AllowDeny, name: PermissionName, choice: Choice): AllowDeny => ({
  allow: withPermission(overwrite.allow, name, choice === 'allow'),
  deny: withPermission(overwrite.deny, name, choice === 'deny'),
});

export const isNeutral = ({ allow, deny }: AllowDeny): boolean => allow === None && deny === None;

const ofMembers: Permissions =
  bits.ViewChannel | bits.ReadMessageHistory | bits.SendMessages | bits.AddReactions;

/**
 * What a server without roles allows: the owner everything, and all others to read, to react and, where it is no
 * announcement, to write. It is also shown until the server has answered.
 */
export function withoutRoles(isOwner: boolean, kind?: ChannelKind): Permissions {
  if (isOwner) return All;
  return withPermission(ofMembers, 'SendMessages', kind !== 'announcement');
}
