import { listLog, type LogRecord } from './records';

/** Positions on each side in which the other events of a command are looked for: a command appends them together. */
const CommandSpan = 20;
/** Events of the same stream that are listed. */
const StreamMax = 50;

/** An event with its neighbours. */
export class OpenedEvent {
  /** Undefined until it is read; null when there is no such event. */
  record: LogRecord | null | undefined = $state.raw();
  sameCommand: readonly LogRecord[] = $state.raw([]);
  sameStream: readonly LogRecord[] = $state.raw([]);
  error: unknown = $state.raw();

  async read(position: number, known: LogRecord | undefined, signal: AbortSignal): Promise<void> {
    this.record = known;
    this.sameCommand = [];
    this.sameStream = [];
    this.error = undefined;
    try {
      const around = { after: Math.max(0, position - 1 - CommandSpan), until: position + CommandSpan };
      const { records } = await listLog(around, signal);
      const found = known ?? records.find(record => record.position === position);
      if (signal.aborted) return;
      this.record = found ?? null;
      if (found === undefined) return;
      this.sameCommand =
        found.commandId === null ? [] : records.filter(record => record.commandId === found.commandId);
      const stream = await listLog({ after: 0, stream: found.stream, limit: StreamMax }, signal);
      if (!signal.aborted) this.sameStream = stream.records;
    } catch (error) {
      if (!signal.aborted) this.error = error;
    }
  }
}
