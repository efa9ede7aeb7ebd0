import type { LogRecord } from './records';

/** Which events the explorer shows. It is in the address, so that a link shows the same. */
export interface LogFilter {
  readonly types: readonly string[];
  /** The id of an entity, whose stream it is. */
  readonly stream: string | undefined;
  /** An account that caused the event, or that its data names. */
  readonly account: string | undefined;
  /** Positions, or times as a field holds them; both belong to the span. */
  readonly from: string | undefined;
  readonly until: string | undefined;
}

const Uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const Type = /^[a-z][a-z0-9_]{0,99}$/;
const End = /^(\d{1,15}|\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z?)$/;

/** What of an address is a filter. */
export function filterOf(query: URLSearchParams): LogFilter {
  const matching = (name: string, form: RegExp): string | undefined => {
    const text = query.get(name)?.trim().toLowerCase();
    return text !== undefined && form.test(text) ? text : undefined;
  };
  const end = (name: string): string | undefined => {
    const text = query.get(name)?.trim();
    return text !== undefined && End.test(text) ? text : undefined;
  };
  const types = (query.get('types') ?? '').split(',').map(type => type.trim().toLowerCase());
  return {
    types: [...new Set(types.filter(type => Type.test(type)))],
    stream: matching('stream', Uuid),
    account: matching('account', Uuid),
    from: end('from'),
    until: end('until'),
  };
}

/** The query of an address that shows the filter. */
export function addressOf(filter: Partial<LogFilter>, event?: number): string {
  const query = new URLSearchParams();
  if (filter.types !== undefined && filter.types.length > 0) query.set('types', filter.types.join(','));
  for (const name of ['stream', 'account', 'from', 'until'] as const) {
    const value = filter[name];
    if (value !== undefined) query.set(name, value);
  }
  if (event !== undefined) query.set('event', String(event));
  const text = query.toString();
  return text === '' ? '/log' : `/log?${text}`;
}

/** Whether an event is about the account. Types and stream are the server's to filter. */
export const concerns = (record: LogRecord, account: string | undefined): boolean =>
  account === undefined || record.by === account || Object.values(record.data).includes(account);

/** The position of an end of the span; undefined for a time. */
export const positionOf = (end: string): number | undefined => (/^\d+$/.test(end) ? Number(end) : undefined);
