import { isDeepStrictEqual } from 'node:util';
import { quantile } from '../pace.mjs';

/** The differences of one section that are printed in full; the rest are only counted. */
const DifferencesShownMax = 15;
const ValueCharsMax = 600;

/** Collects the checks section by section, and reports the differences at the end. */
export class Report {
  #sections = new Map();
  #startedAt = performance.now();

  section(name) {
    if (!this.#sections.has(name)) this.#sections.set(name, new Section(name));
    return this.#sections.get(name);
  }

  /** A short line of progress, with the seconds since the start. */
  say(text) {
    console.log(`${this.seconds().toFixed(1).padStart(6)} s  ${text}`);
  }

  seconds() {
    return (performance.now() - this.#startedAt) / 1000;
  }

  /** Runs one part of the demo. A failure counts as a difference, and the other parts go on. */
  async part(name, run) {
    try {
      return await run();
    } catch (error) {
      this.section(name).that('runs to its end', false, 'no error', error.stack ?? String(error));
      this.say(`${name} broke off: ${error.message}`);
      return undefined;
    }
  }

  get differences() {
    return [...this.#sections.values()].reduce((sum, section) => sum + section.differences.length, 0);
  }

  printChecks() {
    console.log('\nChecks');
    for (const { name, passed, differences } of this.#sections.values()) {
      const verdict = differences.length === 0 ? 'ok  ' : 'DIFF';
      const differ = differences.length === 0 ? '' : `, ${differences.length} differ`;
      console.log(`  ${verdict}  ${name.padEnd(30)} ${String(passed).padStart(7)} passed${differ}`);
    }
    for (const section of this.#sections.values()) section.printDifferences();
  }
}

class Section {
  passed = 0;
  differences = [];

  constructor(name) {
    this.name = name;
  }

  that(what, ok, expected, got) {
    if (ok) this.passed++;
    else this.differences.push({ what, expected, got });
    return ok;
  }

  equal(what, expected, got) {
    return this.that(what, isDeepStrictEqual(expected, got), expected, got);
  }

  /** Compares two lists and names the first place where they differ, which is clearer than two long lists. */
  sameList(what, expected, got) {
    const place = expected.findIndex((item, i) => !isDeepStrictEqual(item, got[i]));
    if (place < 0 && expected.length === got.length) return this.that(what, true);
    const index = place < 0 ? expected.length : place;
    return this.that(
      `${what}: item ${index} (of ${expected.length} expected, ${got.length} got)`,
      false,
      expected[index],
      got[index],
    );
  }

  sameSet(what, expected, got) {
    const [left, right] = [new Set(expected), new Set(got)];
    const missing = [...left].filter(item => !right.has(item));
    const surplus = [...right].filter(item => !left.has(item));
    const doubled = got.length - right.size;
    return this.that(
      what,
      missing.length + surplus.length + doubled === 0,
      `${left.size} items${few(missing, 'of them missing')}`,
      `${got.length} items${few(surplus, 'too many')}${doubled ? `, ${doubled} doubled` : ''}`,
    );
  }

  /** Checks a refusal against its description in `names.mjs`. */
  refused(what, { statuses, codes, field, words }, refusal) {
    const wanted = [
      `status ${statuses.join(' or ')}`,
      codes && `code ${codes.join(' or ')}`,
      field && `naming the field ${field}`,
      words && `saying ${words.join(' or ')}`,
    ]
      .filter(Boolean)
      .join(', ');
    if (!refusal) return this.that(what, false, `refused with ${wanted}`, 'it was done');
    const text = JSON.stringify(refusal.problem);
    const named =
      !field || Object.keys(refusal.problem.errors ?? {}).some(key => key.toLowerCase() === field.toLowerCase());
    const ok =
      statuses.includes(refusal.status) &&
      (!codes || codes.includes(refusal.code)) &&
      named &&
      (!words || words.some(word => text.includes(word))) &&
      String(refusal.problem.type).startsWith('/problems/') &&
      refusal.problem.status === refusal.status;
    return this.that(what, ok, wanted, `${refusal.status} ${text}`);
  }

  printDifferences() {
    if (this.differences.length === 0) return;
    console.log(`\nDifferences: ${this.name}`);
    for (const { what, expected: wanted, got: found } of this.differences.slice(0, DifferencesShownMax)) {
      const [expected, got] = whereTheyDiffer(wanted, found);
      console.log(`  ${what}\n    expected ${shown(expected)}\n    got      ${shown(got)}`);
    }
    const more = this.differences.length - DifferencesShownMax;
    if (more > 0) console.log(`  … and ${more} more`);
  }
}

const isRecord = value => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The fields in which two records differ, and the id. Two whole records would hide one wrong count. */
function whereTheyDiffer(expected, got) {
  if (!isRecord(expected) || !isRecord(got)) return [expected, got];
  const names = [...new Set([...Object.keys(expected), ...Object.keys(got)])].filter(
    name => name === 'id' || !isDeepStrictEqual(expected[name], got[name]),
  );
  const only = record => Object.fromEntries(names.map(name => [name, record[name]]));
  return [only(expected), only(got)];
}

/** Spells out combining marks, directions and invisible spaces, which make different texts look the same. */
const spelledOut = text => text.replace(/[\p{M}\p{Cf}\u00a0]/gu, mark => `\\u{${mark.codePointAt(0).toString(16)}}`);

const few = (items, what) => (items.length === 0 ? '' : `, ${items.length} ${what}: ${items.slice(0, 5)}`);

const shown = value => {
  const text = spelledOut(typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing'));
  return text.length > ValueCharsMax ? `${text.slice(0, ValueCharsMax)}…` : text;
};

/** One line of a latency table. */
export const latencyLine = (name, ms) =>
  `  ${name.padEnd(52)} ${String(ms.length).padStart(7)}` +
  `  ${quantile(ms, 0.5).toFixed(1).padStart(8)}  ${quantile(ms, 0.99).toFixed(1).padStart(8)}`;
