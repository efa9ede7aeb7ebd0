/** How many answers of the past a tab keeps, of up to a hundred rows each. */
const AnswersMax = 60;

/** Answers of the past by their address. They never change, so coming back to a moment asks nothing. */
export class Answers<Answer> {
  readonly #kept = new Map<string, Answer>();

  constructor(private readonly max = AnswersMax) {}

  get(address: string): Answer | undefined {
    const found = this.#kept.get(address);
    if (found !== undefined) this.keep(address, found);
    return found;
  }

  /** The answer used least lately makes room. */
  keep(address: string, answer: Answer): void {
    this.#kept.delete(address);
    this.#kept.set(address, answer);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > this.max && oldest !== undefined) this.#kept.delete(oldest);
  }

  clear(): void {
    this.#kept.clear();
  }
}

/** Whether the text is a moment as the API takes it: a position, or a time such as 2026-11-30T12:00:00.5Z. */
export const isMoment = (text: string): boolean =>
  /^[1-9]\d{0,17}$/.test(text) ||
  (/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,7})?)?(Z|[+-]\d\d:\d\d)?$/.test(text) && !Number.isNaN(Date.parse(text)));

/** The time of a moment in ms; undefined for a position. */
export const timeOf = (moment: string): number | undefined =>
  /^\d+$/.test(moment) ? undefined : Date.parse(/(Z|[+-]\d\d:\d\d)$/.test(moment) ? moment : `${moment}Z`);
