import { appendFileSync } from 'node:fs';

/** The demo's actions and their answers: every acknowledged write with its position, and the times of all requests. */
export class Ledger {
  #keys = 0;

  constructor(runId, report, ackLog) {
    Object.assign(this, { runId, report, ackLog });
    this.entries = [];
    this.lastPosition = 0;
    this.timings = new Map();
  }

  newKey() {
    return `${this.runId}-${++this.#keys}`;
  }

  acknowledge(expected, call, answer, startedAt) {
    const ms = performance.now() - startedAt;
    const body = answer.json ?? {};
    this.#checkShape(call, body, answer.headers.get('veza-position'));
    const data = typeof expected?.data === 'function' ? expected.data(body) : expected?.data;
    this.entries.push({
      type: expected?.type ?? null,
      data,
      call,
      id: body.id,
      position: body.position,
      version: body.version,
      startedAt,
    });
    this.lastPosition = Math.max(this.lastPosition, body.position ?? 0);
    this.timing(call, ms);
    this.#append({ id: body.id, position: body.position, kind: expected?.type ?? 'unchanged', version: body.version });
    return { ...body, status: answer.status };
  }

  timing(call, ms) {
    if (!this.timings.has(call)) this.timings.set(call, []);
    this.timings.get(call).push(ms);
  }

  count(type) {
    return this.entries.reduce((sum, entry) => sum + (entry.type === type ? 1 : 0), 0);
  }

  #checkShape(call, { id, position, version }, header) {
    const check = this.report.section('answers');
    check.that(
      `${call} answers id, version and position`,
      Boolean(id) && Number.isInteger(position) && Number.isInteger(version),
      'a string and two whole numbers',
      { id, position, version },
    );
    check.equal(`${call} says its position in Veza-Position too`, String(position), header);
  }

  /** Written immediately and synchronously: an outside checker compares it with the log after killing the server. */
  #append(line) {
    if (this.ackLog) appendFileSync(this.ackLog, `${JSON.stringify(line)}\n`);
  }
}
