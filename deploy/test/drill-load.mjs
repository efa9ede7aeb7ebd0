// The traffic of deploy/test/drill: people who write messages, and one who follows them live. Every message is sent
// again under its key until it is acknowledged. Needs Node.js 20.
//
//   node drill-load.mjs URL FILE     writes what was acknowledged, and what the live client got, until SIGTERM
import { appendFileSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';

const [url, file] = process.argv.slice(2);
const Writers = 4;
const PauseMs = 20;
const LongestAnswerMs = 20_000;
// A session's token ends after 15 minutes.
const RenewEveryMs = 600_000;
let stopped = false;
process.on('SIGTERM', () => (stopped = true));
writeFileSync(file, '');
const note = entry => appendFileSync(file, JSON.stringify({ at: Date.now(), ...entry }) + '\n');
const sleep = ms => new Promise(done => setTimeout(done, ms));

const name = 'drill' + randomUUID().slice(0, 8);
const account = { userName: name, email: `${name}@veza.example`, password: randomUUID() };

async function send(method, path, body, token, key = randomUUID()) {
  for (;;) {
    try {
      const answer = await fetch(url + path, {
        method,
        headers: {
          'content-type': 'application/json',
          'idempotency-key': key,
          ...(token && { authorization: `Bearer ${token}` }),
        },
        body: body && JSON.stringify(body),
        signal: AbortSignal.timeout(LongestAnswerMs),
      });
      if (answer.ok) return await answer.json();
      const text = await answer.text();
      if (answer.status < 500 && answer.status !== 429) throw Object.assign(new Error(text), { refused: true });
    } catch (error) {
      if (error.refused) throw error;
    }
    if (stopped) return null;
    await sleep(100);
  }
}

let session = await send('POST', '/api/v1/accounts', account);
const community = await send('POST', '/api/v1/communities', { name: 'Drill' }, session.accessToken);
const channel = await send(
  'POST',
  `/api/v1/communities/${community.id}/channels`,
  { name: 'drill', kind: 'text' },
  session.accessToken,
);
note({ channel: channel.id });

async function renew() {
  for (let renewed = Date.now(); !stopped; await sleep(1_000)) {
    if (Date.now() - renewed < RenewEveryMs) continue;
    renewed = Date.now();
    session = (await send('POST', '/api/v1/sessions', { name, password: account.password })) ?? session;
  }
}

async function follow() {
  while (!stopped) {
    try {
      const answer = await fetch(`${url}/api/v1/live?topics=channel:${channel.id}`, {
        headers: { accept: 'text/event-stream', authorization: `Bearer ${session.accessToken}` },
      });
      if (!answer.ok) note({ live: `${answer.status} ${await answer.text()}` });
      else {
        const decoder = new TextDecoder();
        for await (const part of answer.body)
          for (const [, event] of decoder.decode(part, { stream: true }).matchAll(/^event: ?(\w+)/gm))
            if (event !== 'batch') note({ live: event });
      }
    } catch (error) {
      note({ live: String(error.cause ?? error) });
    }
    await sleep(200);
  }
}

async function write() {
  while (!stopped) {
    const text = `drill ${Math.random()}`;
    const sent = await send('POST', `/api/v1/channels/${channel.id}/messages`, { text }, session.accessToken);
    if (sent) note({ id: sent.id, position: sent.position });
    await sleep(PauseMs);
  }
}

void renew();
void follow();
await Promise.all(Array.from({ length: Writers }, write));
process.exit(0);
