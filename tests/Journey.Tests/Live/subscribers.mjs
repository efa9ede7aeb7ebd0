// Subscribers by the client library, controlled over standard input: a first line
// {url, token, subscribers: [{topics, after}]}, then `pause`, `go on`, and the end.
// Writes a line of JSON every second and at the end: what each subscriber has received so far.
import { createInterface } from 'node:readline';
import { LiveClient } from '../../../clients/typescript/dist/src/index.js';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { url, token, subscribers } = JSON.parse((await lines.next()).value);
let open = Promise.resolve();
let goOn = () => {};

const received = subscribers.map(({ topics }) => ({ topics, items: [], fault: null, interruptions: {} }));
const clients = subscribers.map(({ topics, after }, i) => {
  const client = new LiveClient({ url, accessToken: () => token });
  follow(client, topics, after, received[i]).catch(error => (received[i].fault = String(error)));
  return client;
});

async function follow(client, topics, after, received) {
  for await (const update of client.subscribe(topics, { after })) {
    await open;
    if (update.kind === 'batch') received.items.push(...update.items.map(item => item.position));
    else if (update.kind === 'interrupted' && update.reason !== 'outOfSequence')
      received.interruptions[update.reason] = (received.interruptions[update.reason] ?? 0) + 1;
    else received.fault = JSON.stringify(update);
  }
}

const write = () => process.stdout.write(`${JSON.stringify(received)}\n`);
const writing = setInterval(write, 1000);
for await (const line of lines) {
  if (line === 'pause') open = new Promise(resolve => (goOn = resolve));
  else if (line === 'go on') goOn();
}
clearInterval(writing);
write();
await Promise.all(clients.map(client => client.close()));
