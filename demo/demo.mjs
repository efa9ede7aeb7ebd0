#!/usr/bin/env node
// Uses all of Veza's public API as fifty people would, and watches every change live. Then it compares everything that
// the server shows with the actions and with the replayed log. Exits with 1 on a difference, with 2 if the options are
// wrong.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { broadcastAll, makeShows } from './acts/broadcast.mjs';
import { found } from './acts/communities.mjs';
import { follow } from './acts/follows.mjs';
import { listen } from './acts/listen.mjs';
import { keepOrder } from './acts/order.mjs';
import { register, signInOperator } from './acts/people.mjs';
import { assignRoles } from './acts/roles.mjs';
import { talk } from './acts/talk.mjs';
import { showTaste } from './acts/taste.mjs';
import { fetchAudio, makeSounds, upload } from './acts/tracks.mjs';
import { Watchers } from './acts/watchers.mjs';
import { Chance } from './chance.mjs';
import { checkChat } from './checks/chat.mjs';
import { Ledger } from './checks/ledger.mjs';
import { checkLive } from './checks/live.mjs';
import { Model } from './checks/model.mjs';
import { checkMusic } from './checks/music.mjs';
import { checkLog, replayLog } from './checks/replay.mjs';
import { Report } from './checks/report.mjs';
import { checkRoles } from './checks/roles.mjs';
import { checkSocial } from './checks/social.mjs';
import { printSummary } from './checks/summary.mjs';
import { Api } from './client/api.mjs';
import { requireTools } from './client/ffmpeg.mjs';
import { readOptions } from './options.mjs';
import { sleep } from './pace.mjs';

/** Reactors to the last commands may still append. The replay waits until the log has been quiet for so long. */
const StillMs = 1_000;
const StillTriesMax = 20;

const world = await setUp(readOptions(process.argv.slice(2)));
try {
  await requireServer(world.options.url);
  await requireTools();
} catch (error) {
  await rm(world.scratch, { recursive: true, force: true });
  console.error(error.message);
  process.exit(1);
}
try {
  await happen(world);
  const events = world.people && (await world.report.part('verification', () => verify(world)));
  printSummary(world, events);
} finally {
  await world.watchers.stop();
  await rm(world.scratch, { recursive: true, force: true });
}
const { differences } = world.report;
console.log(
  differences === 0
    ? `\nAll as it should be. Seed ${world.options.seed}.`
    : `\n${differences} differences. Seed ${world.options.seed}.`,
);
process.exit(differences === 0 ? 0 : 1);

async function setUp(options) {
  const report = new Report();
  // Only the names depend on the time, so that the same seed can run twice against the same server.
  const runId = Date.now().toString(36).slice(-7);
  report.say(`Veza demo against ${options.url}, scale ${options.scale}, seed ${options.seed}, run ${runId}`);
  const world = {
    options,
    report,
    runId,
    chance: new Chance(options.seed),
    ledger: new Ledger(runId, report, options.ackLog),
    api: new Api(options.url, options.patienceMs),
    scratch: await mkdtemp(join(tmpdir(), 'veza-demo-')),
  };
  world.watchers = new Watchers(world);
  return world;
}

async function happen(world) {
  const { report, watchers } = world;
  const step = async (name, run) => {
    await run(world);
    report.say(name(world));
  };
  await report.part('the run', async () => {
    await step(
      w => `made ${w.sounds.length} tracks and ${w.shows.length} shows of music`,
      async w => (await makeSounds(w), await makeShows(w)),
    );
    await signInOperator(world);
    watchers.log();
    await step(w => `${w.people.length} people registered`, register);
    watchers.people();
    await step(w => `${w.communities.length} communities with ${w.channels.length} channels`, found);
    await watchers.channels();
    await step(w => `${w.ledger.count('member_role_given')} roles given`, assignRoles);
    await step(w => `${w.ledger.count('follow_started')} follows`, follow);
    watchers.startBreaking();
    await Promise.all([
      report.part('talk', () => conversations(world)),
      report.part('music', () => music(world, step)),
      report.part('broadcasts', () => broadcasts(world)),
    ]);
    watchers.stopBreaking();
  });
}

/** A server that is away from the start fails the run soon, unlike one that goes away in the middle. */
async function requireServer(url) {
  await fetch(`${url}/health/live`).catch(error => {
    throw new Error(`nothing answers at ${url} (${error.cause?.message ?? error.message}); start it with ./veza run`);
  });
}

async function conversations(world) {
  world.talking = { from: performance.now() };
  await talk(world);
  world.talking.to = performance.now();
  await keepOrder(world);
  world.report.say(`${world.ledger.count('message_sent')} messages sent`);
}

async function music(world, step) {
  await step(w => `${w.tracks.length} tracks uploaded`, upload);
  world.watchers.tracks();
  await Promise.all([
    step(() => 'audio copies are ready and sound', fetchAudio),
    step(() => 'likes, reposts and comments', showTaste),
    step(w => `${w.ledger.count('play_counted')} plays counted`, listen),
  ]);
}

async function broadcasts(world) {
  await broadcastAll(world);
  world.report.say(`${world.broadcasts.length} broadcasts went over the air`);
}

async function verify(world) {
  const { report } = world;
  const events = await stillLog(world);
  report.say(`${events.length} events replayed`);
  const head = events.at(-1).position;
  const model = new Model(events);
  checkLog(world, events);
  await report.part('live', () => checkLive(world, events, model));
  report.say(`${world.watchers.watches.length} live subscriptions compared`);
  await report.part('chat', () => checkChat(world, model, head));
  await report.part('roles', () => checkRoles(world, model, head));
  await report.part('people', () => checkSocial(world, model, head));
  await report.part('charts', () => checkMusic(world, model, head));
  report.say('everything read back');
  return events;
}

async function stillLog(world) {
  let events = await replayLog(world);
  for (let tries = 0; tries < StillTriesMax; tries++) {
    await sleep(StillMs);
    const later = await replayLog(world, events.at(-1)?.position);
    if (later.length === 0) break;
    events = [...events, ...later];
  }
  return events;
}
