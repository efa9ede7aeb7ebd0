import { mustArrive } from '../names.mjs';
import { sleep } from '../pace.mjs';

const ArriveWithinMs = 30_000;
const LookEveryMs = 200;

/** Checks every watch against the replayed log: all items that must arrive, once, in order, and no foreign ones. */
export async function checkLive(world, events, model) {
  const { watchers, report } = world;
  const check = report.section('live');
  const head = events.at(-1).position;
  const musts = watchers.watches.map(watch => mustOf(watch, events));
  await waitForAll(watchers.watches, musts, head);

  check.equal('connections that could not come back', [], watchers.faults);
  watchers.watches.forEach((watch, i) => {
    check.equal(`${watch.name}: came in an unbroken chain`, [], watch.faults.slice(0, 5));
    check.equal(`${watch.name}: was not refused`, null, watch.refusal);
    checkItems(check, watch, musts[i], head);
    checkBusiness(check, watch, events, model, head);
  });
  checkOwnWrites(check, world);
}

function mustOf(watch, events) {
  const after = watch.after ?? 0;
  if (watch.topics.includes('log')) return events.filter(event => event.position > after);
  const wanted = new Map(watch.topics.map(topic => topic.split(':')).map(([kind, id]) => [id, mustArrive[kind] ?? []]));
  return events.filter(
    ({ position, type, data }) =>
      position > after && [data.channelId, data.trackId, data.broadcastId].some(id => wanted.get(id)?.includes(type)),
  );
}

/** Live items need a moment: the last events get some time to arrive. */
async function waitForAll(watches, musts, head) {
  const arrived = (watch, i) =>
    watch.position >= head || musts[i].length === 0 || (watch.items.at(-1)?.position ?? 0) >= musts[i].at(-1).position;
  for (let waitedMs = 0; waitedMs < ArriveWithinMs && !watches.every(arrived); waitedMs += LookEveryMs)
    await sleep(LookEveryMs);
}

function checkItems(check, watch, must, head) {
  const wanted = new Set(must.map(event => event.position));
  const whole = watch.topics.includes('log');
  const got = watch.items.filter(item => item.position <= head && (whole || wanted.has(item.position)));
  check.sameList(
    `${watch.name}: positions and types`,
    must.map(event => `${event.position} ${event.type}`),
    got.map(item => `${item.position} ${item.type}`),
  );
  const texts = new Map(
    must.filter(event => event.data.text !== undefined).map(event => [event.position, event.data.text]),
  );
  const wrong = got.find(
    item => item.data?.text !== undefined && texts.has(item.position) && item.data.text !== texts.get(item.position),
  );
  check.that(`${watch.name}: texts`, !wrong, texts.get(wrong?.position), wrong?.data.text);
}

/** All other items must concern one of the topics' ids. */
function checkBusiness(check, watch, events, model, head) {
  const ids = new Set(watch.topics.map(topic => topic.split(':')[1]));
  const isAccount = watch.topics.some(topic => topic.startsWith('account:'));
  if (watch.topics.some(topic => topic === 'log' || topic.startsWith('chart:'))) return;
  const odd = watch.items.find(item => {
    const event = events[item.position - 1];
    if (item.position > head) return false;
    return (
      event?.type !== item.type ||
      !(mentions(event, ids, model) || (isAccount && ofInterest(event, watch.person.id, model)))
    );
  });
  check.that(
    `${watch.name}: only what concerns it`,
    !odd,
    watch.topics.join(),
    odd && { ...odd, logged: events[odd.position - 1] },
  );
}

const mentions = ({ stream, data, by }, ids, model) =>
  [...Object.values(data), by, model.plays.get(data.playId)?.trackId].some(value => ids.has(value)) ||
  [...ids].some(id => String(stream).includes(id));

/** An account's topic has its own events (followers, replies, likes of its tracks) and those of accounts it follows. */
function ofInterest({ data, by }, accountId, model) {
  const account = model.account(accountId);
  const owners = [
    by,
    ...Object.values(data),
    model.tracks.get(data.trackId)?.ownerId,
    model.messages.get(data.messageId)?.authorId,
    model.messages.get(data.replyTo)?.authorId,
    model.broadcasts.get(data.broadcastId)?.ownerId,
  ];
  return owners.some(id => id === accountId || account.following.has(id));
}

/** The analyst must have seen the position of every answer this demo got. */
function checkOwnWrites(check, { watchers, ledger, startPosition }) {
  const seen = new Map(watchers.whole.items.map(item => [item.position, item]));
  const missing = ledger.entries.filter(
    entry => entry.type && entry.position > startPosition && !seen.has(entry.position),
  );
  check.that(
    'every acknowledged write arrived live',
    missing.length === 0,
    `${ledger.entries.length} positions`,
    missing.slice(0, 5).map(entry => `${entry.position} ${entry.type} (${entry.call})`),
  );
}

/** The latency from a command to each of its subscribers, in ms. */
export function liveLatencies({ watchers, ledger }) {
  const sentAt = new Map(ledger.entries.filter(entry => entry.type).map(entry => [entry.position, entry.startedAt]));
  return watchers.watches
    .flatMap(watch => watch.items)
    .filter(item => !item.catchingUp && sentAt.has(item.position))
    .map(item => item.arrivedAt - sentAt.get(item.position));
}
