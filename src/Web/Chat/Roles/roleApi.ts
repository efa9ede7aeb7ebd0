import { Problem, type Positioned } from '@veza/client';
import { api } from '../../Http/api';
import { allOf } from '../pages';
import type { Overwrite } from './overwrites';
import { permissionsOf, textOf, type AllowDeny, type Permissions } from './permissions';
import { sorted, type Role } from './roles';

const RolesPath = '/api/v1/communities/{communityId}/roles';
const RolePath = `${RolesPath}/{roleId}`;
const MembersPath = '/api/v1/communities/{communityId}/members';
const GivenPath = `${MembersPath}/{memberId}/roles/{roleId}`;
const PermissionsPath = `${MembersPath}/{memberId}/permissions`;
const OverwritesPath = '/api/v1/channels/{channelId}/overwrites';
const OverwritePath = `${OverwritesPath}/{targetId}`;

/** A channel has no more. */
const OverwritesMax = 500;

interface Parts {
  readonly path: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: object;
  readonly after?: number;
  readonly signal?: AbortSignal | undefined;
}

type Read = (path: string, parts: Parts) => Promise<unknown>;

/** The document of the API that the client is made from does not hold these paths, so their types are here. */
const calls = api as unknown as {
  get: Read;
  post: Read;
  put: Read;
  delete: Read;
  getWithPosition(path: string, parts: Parts): Promise<Positioned<unknown>>;
};

type RoleView = Omit<Role, 'permissions'> & { readonly permissions: string };

/** A part of a role that its editor sets. */
export type RoleBody = Pick<Role, 'name' | 'colour' | 'permissions' | 'hoisted' | 'mentionable'>;

interface OverwriteView extends Pick<Overwrite, 'targetId' | 'target'> {
  readonly allow: string;
  readonly deny: string;
  readonly position: number;
}

interface Page<Row> {
  readonly items: readonly Row[];
  readonly next: string | null;
}

/** The rules that grant and deny permissions, in the order in which they apply. */
export type StepRule =
  | 'owner'
  | 'everyoneRole'
  | 'role'
  | 'administrator'
  | 'everyoneOverwrite'
  | 'roleOverwrites'
  | 'memberOverwrite'
  | 'announcement'
  | 'withoutSendMessages'
  | 'withoutViewChannel'
  | 'timeOut';

/** What one rule changed of a member's permissions. */
export interface Step {
  readonly rule: StepRule;
  readonly roleId: string | null;
  readonly roleName: string | null;
  readonly grantedNames: readonly string[];
  readonly deniedNames: readonly string[];
  /** Of the events that set it. */
  readonly positions: readonly number[];
}

/** What a member may do, and why. */
export interface Explained {
  readonly permissions: Permissions;
  readonly steps: readonly Step[];
}

interface PermissionsView {
  readonly permissions: string;
  readonly steps: readonly Step[];
}

const isUnknown = (error: unknown): boolean => error instanceof Problem && error.status === 404;

/** The roles of a community, the highest first; none from a server that has no roles. */
export async function readRoles(communityId: string, signal: AbortSignal): Promise<readonly Role[]> {
  try {
    const { items } = (await calls.get(RolesPath, { path: { communityId }, signal })) as Page<RoleView>;
    return sorted(
      items.map(({ id, name, colour, rank, permissions, hoisted, mentionable }) => ({
        id,
        name,
        colour,
        rank,
        permissions: permissionsOf(permissions),
        hoisted,
        mentionable,
      })),
    );
  } catch (error) {
    if (isUnknown(error)) return [];
    throw error;
  }
}

/** The roles of each member of a community, as far as there are not more than `max` members. */
export async function readRoleIds(
  communityId: string,
  max: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly string[]>> {
  interface Row {
    readonly account: { readonly id: string };
    readonly roleIds?: readonly string[];
    readonly position: number;
  }
  const rows = await allOf(
    max,
    async after =>
      (await calls.get(MembersPath, {
        path: { communityId },
        query: { after, limit: 100 },
        signal,
      })) as Page<Row>,
  );
  return new Map(rows.map(({ account, roleIds }) => [account.id, roleIds ?? []]));
}

/** @returns undefined from a server that has no roles */
export async function readPermissions(
  { communityId, memberId, channelId }: { communityId: string; memberId: string; channelId: string | undefined },
  { asOf, after, signal }: { asOf?: string | undefined; after?: number; signal: AbortSignal },
): Promise<Explained | undefined> {
  try {
    const { permissions, steps } = (await calls.get(PermissionsPath, {
      path: { communityId, memberId },
      query: { channel: channelId, asOf },
      ...(after !== undefined && { after: Math.max(after, api.written) }),
      signal,
    })) as PermissionsView;
    return { permissions: permissionsOf(permissions), steps };
  } catch (error) {
    if (isUnknown(error)) return undefined;
    throw error;
  }
}

/** The overwrites of a channel, with the position from which to follow them. */
export async function readOverwrites(
  channelId: string,
  signal: AbortSignal,
): Promise<Positioned<readonly Overwrite[]>> {
  let first: Positioned<unknown> | undefined;
  const rows = await allOf(OverwritesMax, async after => {
    const read = await calls.getWithPosition(OverwritesPath, {
      path: { channelId },
      query: { after, limit: 100 },
      signal,
    });
    // What later pages have in addition comes as items too, and changes nothing then.
    first ??= read;
    return read.body as Page<OverwriteView>;
  });
  const body = rows.map(({ targetId, target, allow, deny }) => ({
    targetId,
    target,
    allow: permissionsOf(allow),
    deny: permissionsOf(deny),
  }));
  return { body, position: first?.position, counted: first?.counted, epoch: first?.epoch };
}

const sent = (role: RoleBody): object => ({ ...role, permissions: textOf(role.permissions) });

export const createRole = (communityId: string, role: RoleBody): Promise<unknown> =>
  calls.post(RolesPath, { path: { communityId }, body: sent(role) });

export const changeRole = (communityId: string, roleId: string, role: RoleBody): Promise<unknown> =>
  calls.put(RolePath, { path: { communityId, roleId }, body: sent(role) });

/** Moves a role to just above another one; the community's id means the lowest place. */
export const moveRole = (communityId: string, roleId: string, aboveRoleId: string): Promise<unknown> =>
  calls.put(`${RolePath}/place`, { path: { communityId, roleId }, body: { aboveRoleId } });

export const deleteRole = (communityId: string, roleId: string): Promise<unknown> =>
  calls.delete(RolePath, { path: { communityId, roleId } });

/** A role as a member has it. */
export interface Given {
  readonly communityId: string;
  readonly memberId: string;
  readonly roleId: string;
}

export const giveRole = (given: Given): Promise<unknown> => calls.put(GivenPath, { path: { ...given } });

export const takeRole = (given: Given): Promise<unknown> => calls.delete(GivenPath, { path: { ...given } });

export const setOverwrite = (
  channelId: string,
  { targetId, target, allow, deny }: Pick<Overwrite, 'targetId' | 'target'> & AllowDeny,
): Promise<unknown> =>
  calls.put(OverwritePath, {
    path: { channelId, targetId },
    body: { target, allow: textOf(allow), deny: textOf(deny) },
  });

export const removeOverwrite = (channelId: string, targetId: string): Promise<unknown> =>
  calls.delete(OverwritePath, { path: { channelId, targetId } });
