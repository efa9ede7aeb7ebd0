import {
  Refused,
  type ChartName,
  type ChartSpan,
  type ChartUpdate,
  type Status,
  type Topic,
  type Update,
  type WatchUpdate,
} from '@veza/client';
import { session } from '../Accounts/session.svelte';
import { connection } from './connection.svelte';
import type { Call, Failure, FromWorker, Place, Stream, StreamMessage, ToWorker } from './protocol';
import type { Streams } from './streams';
import { workerScript } from './workerScript';

/** The one place all streams of this tab come from. */
interface Source {
  open(id: number, stream: Stream, signal: AbortSignal, take: (message: StreamMessage) => void): Promise<void>;
  call(call: Call): void;
  close(): void;
}

/** After a failed attempt the token itself may be at fault. */
async function token(failures: number): Promise<string> {
  if (failures > 0) await session.renew(session.current?.accessToken).catch(() => false);
  return (await session.accessToken()) ?? '';
}

/** A connection of this tab alone, where the browser has no shared workers. */
class OwnConnection implements Source {
  /** Loaded when it is needed, as most browsers do not need it. */
  readonly #streams: Promise<Streams> = import('./streams').then(({ Streams }) => new Streams(location.origin, token));

  async open(_: number, stream: Stream, signal: AbortSignal, take: (message: StreamMessage) => void): Promise<void> {
    for await (const message of (await this.#streams).open(stream, signal)) take(message);
  }

  call(call: Call): void {
    void this.#streams.then(streams => streams.call(call));
  }

  close(): void {
    void this.#streams.then(streams => streams.close());
  }
}

interface Opened {
  readonly take: (message: StreamMessage) => void;
  readonly end: (error: Failure | undefined) => void;
}

/** The connection that all tabs of a session share. */
class SharedConnection implements Source {
  readonly #worker: SharedWorker;
  readonly #open = new Map<number, Opened>();
  readonly #ending = new AbortController();

  constructor(sessionName: string) {
    this.#worker = new SharedWorker(workerScript, { type: 'module', name: sessionName });
    this.#worker.port.onmessage = ({ data }: MessageEvent<FromWorker>) => void this.#take(data);
    const lock = 'locks' in navigator ? `veza.tab.${Math.random()}` : undefined;
    if (lock === undefined) this.#say({ kind: 'hello', lock });
    else
      void navigator.locks.request(lock, async () => {
        this.#say({ kind: 'hello', lock });
        await new Promise(resolve => this.#ending.signal.addEventListener('abort', resolve));
      });
    addEventListener('pagehide', event => event.persisted || this.close(), { signal: this.#ending.signal });
  }

  open(id: number, stream: Stream, signal: AbortSignal, take: (message: StreamMessage) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#open.set(id, { take, end: error => (error === undefined ? resolve() : reject(revived(error))) });
      signal.addEventListener('abort', () => {
        this.#open.delete(id);
        this.#say({ kind: 'close', id });
        resolve();
      });
      this.#say({ kind: 'open', id, stream });
    });
  }

  call(call: Call): void {
    this.#say({ kind: 'call', call });
  }

  close(): void {
    this.#say({ kind: 'bye' });
    this.#ending.abort();
    this.#worker.port.close();
  }

  async #take(message: FromWorker): Promise<void> {
    switch (message.kind) {
      case 'message':
        this.#open.get(message.id)?.take(message.message);
        break;
      case 'end':
        this.#open.get(message.id)?.end(message.error);
        this.#open.delete(message.id);
        break;
      case 'tokenWanted':
        this.#say({ kind: 'token', id: message.id, token: await token(message.failures) });
        break;
    }
  }

  #say(message: ToWorker): void {
    this.#worker.port.postMessage(message);
  }
}

const revived = (failure: Failure): Error =>
  failure.code === undefined
    ? Object.assign(new Error(failure.message), { name: failure.name })
    : new Refused(failure.code, failure.message.replace(`${failure.code}: `, ''));

let source: { readonly accountId: string; readonly made: Source } | undefined;
let last = 0;

function present(): Source {
  const accountId = session.me;
  if (source?.accountId !== accountId) {
    source?.made.close();
    const made = 'SharedWorker' in globalThis ? new SharedConnection(`veza ${accountId}`) : new OwnConnection();
    source = { accountId, made };
  }
  return source.made;
}

/** Leaves the live connection, as at the end of a session. */
export function leave(): void {
  source?.made.close();
  source = undefined;
}

interface Followed {
  readonly signal: AbortSignal;
}

async function open(stream: Stream, signal: AbortSignal, take: (message: StreamMessage) => void): Promise<void> {
  const id = ++last;
  signal.throwIfAborted();
  try {
    await present().open(id, stream, signal, message => {
      if (signal.aborted) return;
      if (message.kind === 'interrupted') connection.interrupted(id);
      else connection.works(id);
      take(message);
    });
  } finally {
    connection.ended(id);
  }
}

/**
 * Follows topics over the connection that tabs share: every item once, in order, over any number of connections. It
 * resumes by itself. Resolves when the server ended it (`fellBehind`, `epochChanged`, `closed`) or the signal did.
 * @throws Refused when the server refuses the topics
 */
export const follow = (
  topics: readonly Topic[],
  { signal, ...place }: Place & Followed,
  onUpdate: (update: Update) => void,
): Promise<void> =>
  open({ method: 'subscribe', topics, options: place }, signal, message => onUpdate(message as Update));

/** The chart now, and again after each change, at most once a second. */
export const followChart = (
  chart: ChartName,
  span: ChartSpan,
  genre: string | null,
  { signal }: Followed,
  onChart: (update: ChartUpdate) => void,
): Promise<void> => open({ method: 'chart', chart, span, genre }, signal, message => onChart(message as ChartUpdate));

/** Presence of the members of communities and typing in channels, from now on. Some of it may be lost. */
export const watch = (
  topics: readonly Topic[],
  { signal }: Followed,
  onUpdate: (update: WatchUpdate) => void,
): Promise<void> => open({ method: 'watch', topics }, signal, message => onUpdate(message as WatchUpdate));

/** This device's status. It holds until another one, or until its connection ends. */
export const setPresence = (status: Status): void => present().call({ method: 'presence', status });

/** At keystrokes; calls that come too often are dropped. */
export const typing = (channelId: string): void => present().call({ method: 'typing', channelId });
