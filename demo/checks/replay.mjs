import { isDeepStrictEqual } from 'node:util';
import { countedExactly } from '../names.mjs';

const PageEvents = 5_000;

/** Reads the log to its end, as an analyst does: all of it, or the events after a position. */
export async function replayLog(world, after = 0) {
  const events = [];
  for (;;) {
    const { bytes } = await world.operator.readRaw(
      `/api/v1/log?after=${events.at(-1)?.position ?? after}&limit=${PageEvents}`,
      {
        accept: 'application/x-ndjson',
      },
    );
    const page = bytes
      .toString('utf8')
      .split('\n')
      .filter(Boolean)
      .map(line => JSON.parse(line));
    if (page.length === 0) return events;
    events.push(...page);
  }
}

/** Checks the log itself: dense, in order, and with every acknowledged write at its answer's position. */
export function checkLog(world, events) {
  const check = world.report.section('log');
  const gap = events.findIndex((event, i) => event.position !== i + 1);
  check.that(`positions are dense from 1 to ${events.length}`, gap < 0, gap + 1, events[gap]?.position);
  checkStreams(check, events);
  checkCommandsAreContiguous(check, events);
  const commands = byCommand(events);
  for (const entry of world.ledger.entries) checkEntry(check, entry, events, commands);
  checkNothingElse(world, check, events);
}

function byCommand(events) {
  const groups = new Map();
  for (const event of events) {
    if (!event.commandId) continue;
    if (!groups.has(event.commandId)) groups.set(event.commandId, []);
    groups.get(event.commandId).push(event);
  }
  return groups;
}

function checkStreams(check, events) {
  const versions = new Map();
  for (const { stream, version, position } of events) {
    check.equal(`version of stream ${stream} at position ${position}`, (versions.get(stream) ?? 0) + 1, version);
    versions.set(stream, version);
  }
}

function checkCommandsAreContiguous(check, events) {
  const last = new Map();
  for (const { commandId, position } of events) {
    if (!commandId) continue;
    if (last.has(commandId))
      check.equal(`the events of command ${commandId} stand together`, last.get(commandId) + 1, position);
    last.set(commandId, position);
  }
}

/** A command may append several events and has the position of one of them, so all its events are checked. */
function checkEntry(check, { type, data, call, position }, events, commands) {
  const at = events[position - 1];
  if (
    !check.that(`${call} answered a position of the log`, Boolean(at), `at most ${events.length}`, position) ||
    type === null
  )
    return;
  const candidates = (commands.get(at.commandId) ?? [at]).filter(event => event.type === type);
  if (candidates.length === 0) {
    check.equal(`${call}: the event at position ${position}`, type, at.type);
    return;
  }
  const matching = candidates.some(event =>
    Object.entries(data ?? {}).every(([field, value]) => isDeepStrictEqual(event.data[field], value)),
  );
  check.that(`${call}: ${type} at position ${position} says what was done`, matching, data, candidates[0].data);
}

/** Checks that no command happened twice, and that no refused command happened. */
function checkNothingElse(world, check, events) {
  const mine = new Set(world.people.map(person => person.id));
  const counts = new Map();
  for (const { type, by, position } of events)
    if (position > world.startPosition && mine.has(by)) counts.set(type, (counts.get(type) ?? 0) + 1);
  for (const type of countedExactly) {
    check.equal(`how many ${type} the demo's people caused`, world.ledger.count(type), counts.get(type) ?? 0);
  }
}
