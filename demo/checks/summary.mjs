import { Event } from '../names.mjs';
import { liveLatencies } from './live.mjs';
import { latencyLine } from './report.mjs';

/** Prints the summary of a run: the actions, their speed, the checks and the differences. */
export function printSummary(world, events) {
  printDeeds(world, events);
  printTimes(world);
  world.report.printChecks();
}

function printDeeds(
  { ledger, people, communities, channels, tracks, broadcasts, watchers, api, report, talking },
  events,
) {
  const count = type => ledger.count(type);
  console.log('\nDone');
  line(
    'people, communities, channels',
    `${people?.length ?? 0}, ${communities?.length ?? 0}, ${channels?.length ?? 0}; ` +
      `${count(Event.MemberJoined)} joined, ${count(Event.MemberLeft)} left`,
  );
  line(
    'messages',
    `${count(Event.MessageSent)} sent, ${count(Event.MessageEdited)} edited, ${count(Event.MessageDeleted)} deleted`,
  );
  line('reactions', `${count(Event.ReactionAdded)} put, ${count(Event.ReactionRemoved)} taken back`);
  line('follows', `${count(Event.FollowStarted)} begun, ${count(Event.FollowStopped)} ended`);
  line(
    'tracks',
    `${tracks?.length ?? 0} uploaded; ${count(Event.TrackLiked)} likes, ` +
      `${count(Event.TrackReposted)} reposts, ${count(Event.TrackCommented)} comments`,
  );
  line('plays', `${count(Event.PlayStarted)} begun, ${count(Event.PlayCounted)} counted`);
  line('broadcasts', `${broadcasts?.length ?? 0}`);
  line(
    'live',
    `${watchers.watches.length} subscriptions on ${watchers.connectionCount} connections and one event stream, ` +
      `${received(watchers)} items; ` +
      `broken ${watchers.breaks} times, resumed ${watchers.reconnects} times`,
  );
  line(
    'requests',
    `${api.requests}; tried again: ${api.retries.connection} broken, ${api.retries.notReady} not ready, ` +
      `${api.retries.tooFast} too fast`,
  );
  line('the log', `${events?.length ?? 0} events replayed; ${ledger.entries.length} acknowledged writes`);
  if (talking?.to) line('while people talked', `${rate(ledger, talking)} acknowledged writes a second`);
  line('took', `${report.seconds().toFixed(1)} s`);
}

const received = watchers => watchers.watches.reduce((sum, watch) => sum + watch.items.length, 0);
const rate = ({ entries }, { from, to }) =>
  Math.round((entries.filter(entry => entry.startedAt >= from && entry.startedAt < to).length / (to - from)) * 1000);
const line = (name, text) => console.log(`  ${name.padEnd(30)} ${text}`);

function printTimes(world) {
  console.log(`\nTimes, ms${' '.repeat(46)}  count       P50       P99`);
  const busiest = [...world.ledger.timings].sort(([, a], [, b]) => b.length - a.length);
  const commands = busiest.filter(([call]) => !call.startsWith('GET'));
  console.log(
    latencyLine(
      'all commands',
      commands.flatMap(([, ms]) => ms),
    ),
  );
  console.log(latencyLine('command to subscriber', liveLatencies(world)));
  for (const [call, ms] of busiest) console.log(latencyLine(call, ms));
}
