// Prints the new messages of a channel: node example.mjs URL NAME PASSWORD CHANNEL
import { randomUUID } from 'node:crypto';
import { isKnown, LiveClient, Topics } from '@veza/client';

const [url, name, password, channel] = process.argv.slice(2);
const session = await fetch(`${url}/api/v1/sessions`, {
  method: 'POST',
  headers: { 'content-type': 'application/json', 'idempotency-key': randomUUID() },
  body: JSON.stringify({ name, password }),
});
if (!session.ok) throw new Error(`signing in answered ${session.status}: ${await session.text()}`);
const { accessToken } = await session.json();

const leaving = new AbortController();
process.once('SIGINT', () => leaving.abort());
const live = new LiveClient({ url, accessToken: () => accessToken });
for await (const update of live.subscribe([Topics.channel(channel)], { signal: leaving.signal })) {
  if (update.kind !== 'batch') {
    console.log(update);
    continue;
  }
  for (const item of update.items)
    if (isKnown(item) && item.type === 'messageSent') console.log(`${item.at} ${item.by}: ${item.data.text}`);
}
await live.close();
