import type { Answer, Arguments, PathOf, Positioned } from '@veza/client';
import { session } from '../Accounts/session.svelte';
import { api } from '../Http/api';
import { router } from '../Routing/router.svelte';
import { Answers, isMoment, timeOf } from './answers';

const Parameter = 'asOf';

/** What the server said about a moment. */
interface Found {
  readonly moment: string;
  readonly position: number;
  readonly timeMs: number;
}

/** The moment that the screen shows. It is in the address (`?asOf=`), so that a link shows the same. */
class Past {
  #openAt: string | undefined = $state(undefined);
  #found: Found | undefined = $state.raw();

  /** A position, or a time; undefined is now. */
  get moment(): string | undefined {
    const asked = router.query.get(Parameter);
    return asked !== null && isMoment(asked) ? asked : undefined;
  }

  /** Whether the screen shows the past: then there is nothing to write. */
  get is(): boolean {
    return this.moment !== undefined;
  }

  /** For the query of a read that answers `asOf`: `query: { limit: 50, ...past.query }`. */
  get query(): { asOf?: string } {
    return this.moment === undefined ? {} : { asOf: this.moment };
  }

  /** Whether the slider is shown. */
  get isOpen(): boolean {
    return this.is || this.#openAt === router.path;
  }

  /** The time of the moment in ms; undefined while only its position is known. */
  get timeMs(): number | undefined {
    const { moment } = this;
    if (moment === undefined) return undefined;
    return timeOf(moment) ?? (this.#found?.moment === moment ? this.#found.timeMs : undefined);
  }

  /** The position of the moment; undefined until an answer has said it. */
  get position(): number | undefined {
    return this.#found?.moment === this.moment ? this.#found?.position : undefined;
  }

  /** Shows the slider, or hides it and returns to now. */
  toggle(): void {
    const open = !this.isOpen;
    this.#openAt = open ? router.path : undefined;
    if (!open) this.go(undefined);
  }

  /** Goes to a moment; undefined is now. */
  go(moment: string | undefined): void {
    if (moment === undefined && this.is) this.#openAt = router.path;
    router.setQuery(Parameter, moment);
  }

  found(found: Found): void {
    this.#found = found;
  }
}

export const past = new Past();

const answers = new Answers<{ readonly body: unknown; readonly found: Found }>();
let whose: string | undefined;

interface Parts {
  readonly path?: object;
  readonly query?: { readonly asOf?: string };
  readonly signal?: AbortSignal;
}

let began: Promise<string> | undefined;

/** When the log's first event was written, ISO 8601: the beginning of what has none of its own, such as a chart. */
export function logBegan(): Promise<string> {
  began ??= readAt('1', '/api/v1/charts/{chart}', { path: { chart: 'top' } }).then(
    ({ found }) => new Date(found.timeMs).toISOString(),
    (error: unknown) => {
      began = undefined;
      throw error;
    },
  );
  return began;
}

/**
 * Reads as `api.getWithPosition`, at the moment that the query or the screen's address says. An answer of the past has
 * no position, so it is not followed; it is kept, and costs one request however often one returns to the moment. Called
 * before the first `await` of a shape's `read`, it makes a `resource` read again when the moment changes.
 */
export async function getAt<P extends PathOf<'get'>>(
  ...[path, options]: Arguments<'get', P>
): Promise<Positioned<Answer<'get', P>>> {
  const parts = (options ?? {}) as Parts;
  const moment = parts.query?.asOf ?? past.moment;
  if (moment === undefined) return await api.getWithPosition(...([path, options] as Arguments<'get', P>));
  if (whose !== session.me) {
    answers.clear();
    whose = session.me;
  }
  const addressAt = (asOf: string): string => JSON.stringify([path, parts.path, { ...parts.query, asOf }]);
  const kept = answers.get(addressAt(moment));
  const { body, found } = kept ?? (await readAt(moment, path, parts));
  if (kept === undefined) {
    answers.keep(addressAt(moment), { body, found });
    answers.keep(addressAt(String(found.position)), { body, found });
  }
  past.found({ ...found, moment });
  return { body: body as Answer<'get', P>, position: undefined, counted: found.position, epoch: undefined };
}

async function readAt(
  moment: string,
  path: PathOf<'get'>,
  parts: Parts,
): Promise<{ body: unknown; found: Found }> {
  const options = { ...parts, query: { ...parts.query, asOf: moment } };
  const answer = await api.open(...([path, options] as unknown as Arguments<'get', PathOf<'get'>>));
  const found = {
    moment,
    position: Number(answer.headers.get('veza-position')),
    timeMs: Date.parse(answer.headers.get('veza-moment') ?? ''),
  };
  return { body: await answer.json(), found };
}
