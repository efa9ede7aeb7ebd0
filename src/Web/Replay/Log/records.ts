import { api } from '../../Http/api';

/** An event as the log has it. */
export interface LogRecord {
  readonly position: number;
  readonly id: string;
  readonly stream: string;
  readonly version: number;
  /** In snake case. */
  readonly type: string;
  readonly at: string;
  /** The account that caused it; null for the platform. */
  readonly by: string | null;
  readonly commandId: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

const Uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const SummaryMax = 200;

/** What an event says, in one line: its data without ids, or these when there is nothing else. */
export function summaryOf({ data }: LogRecord): string {
  const entries = Object.entries(data).filter(([, value]) => value !== null);
  const telling = entries.filter(([, value]) => typeof value !== 'string' || !Uuid.test(value));
  return (telling.length > 0 ? telling : entries)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ')
    .slice(0, SummaryMax);
}

/** Which events of the log are asked for. */
export interface LogPart {
  /** Positions after this one. */
  readonly after: number;
  readonly until?: number | undefined;
  readonly types?: readonly string[] | undefined;
  readonly stream?: string | undefined;
  readonly limit?: number | undefined;
  readonly follow?: boolean | undefined;
}

export interface LogAnswer {
  /** The last position of the log when the answer began. */
  readonly head: number;
  readonly records: AsyncIterable<LogRecord>;
}

/** Events of the log, oldest first. Ends with the signal. */
export async function readLog(part: LogPart, signal: AbortSignal): Promise<LogAnswer> {
  const query = {
    after: String(part.after),
    ...(part.until !== undefined && { until: String(part.until) }),
    ...(part.types !== undefined && part.types.length > 0 && { types: part.types.join(',') }),
    ...(part.stream !== undefined && { stream: part.stream }),
    ...(part.limit !== undefined && { limit: String(part.limit) }),
    ...(part.follow && { follow: 'true' }),
  };
  const answer = await api.open('/api/v1/log', { query, signal });
  const head = Number(answer.headers.get('veza-head') ?? 0);
  return { head, records: answer.body === null ? none() : linesOf(answer.body) };
}

export async function listLog(part: LogPart, signal: AbortSignal): Promise<{ head: number; records: LogRecord[] }> {
  const { head, records } = await readLog(part, signal);
  const list: LogRecord[] = [];
  for await (const record of records) list.push(record);
  return { head, records: list };
}

async function* none(): AsyncGenerator<LogRecord> {}

/** The JSON of each whole line. A line that was cut off by the end is left out: a resume reads it again. */
export async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<LogRecord> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      rest += decoder.decode(value, { stream: true });
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') yield JSON.parse(line) as LogRecord;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** Reads of one event at most, to find the position of a time among a million million events. */
const SearchMax = 40;

/** The position of the last event before a time, by halving; 0 when there is none. */
export async function positionBefore(timeMs: number, signal: AbortSignal): Promise<number> {
  let low = 0;
  let { head: high } = await listLog({ after: 0, limit: 1 }, signal);
  for (let i = 0; low < high && i < SearchMax; i++) {
    const middle = Math.ceil((low + high) / 2);
    const { records } = await listLog({ after: middle - 1, limit: 1 }, signal);
    const found = records[0];
    if (found !== undefined && Date.parse(found.at) < timeMs) low = middle;
    else high = middle - 1;
  }
  return low;
}
