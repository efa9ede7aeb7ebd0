// Subscribers by the client library, told over standard input: a first line {url, token, subscribers: [{topics, after}]}, then `pause`, `go on`, and the end.
// Every second, and at the end, it writes a line of JSON: what each has received so far.
import { createInterface } from 'node:readline';
import { LiveClient } from '../../../clients/typescript/dist/src/index.js';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { url, token, subscribers } = JSON.parse((await lines.next()).value);
let open = Promise.resolve();
let goOn = () => {};

const told = subscribers.map(({ topics }) => ({ topics, items: [], fault: null, interruptions: {} }));
const clients = subscribers.map(({ topics, after }, i) => {
  const client = new LiveClient({ url, accessToken: () => token });
  follow(client, topics, after, told[i]).catch(error => (told[i].fault = String(error)));
  return client;
});

async function follow(client, topics, after, tell) {
  for await (const update of client.subscribe(topics, { after })) {
    await open;
    if (update.kind === 'batch') tell.items.push(...update.items.map(item => item.position));
    else if (update.kind === 'interrupted' && update.reason !== 'outOfSequence') tell.interruptions[update.reason] = (tell.interruptions[update.reason] ?? 0) + 1;
    else tell.fault = JSON.stringify(update);
  }
}

const write = () => process.stdout.write(`${JSON.stringify(told)}\n`);
const telling = setInterval(write, 1000);
for await (const line of lines) {
  if (line === 'pause') open = new Promise(resolve => (goOn = resolve));
  else if (line === 'go on') goOn();
}
clearInterval(telling);
write();
await Promise.all(clients.map(client => client.close()));
