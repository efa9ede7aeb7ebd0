import type { Hub } from './hub.js';
import type { Link } from './link.js';
import { refusalIn, type Status } from './messages.js';

/** The status of this device. The server drops it with the connection, so each new connection sets it again. */
export class DevicePresence {
  #status: Status | undefined;
  #said: { readonly hub: Hub; readonly status: Status; readonly done: Promise<unknown> } | undefined;

  constructor(readonly link: Link) {
    link.onOpened(hub => void this.#say(hub)?.catch(() => undefined));
  }

  /** @throws Refused when the server refuses it */
  async set(status: Status): Promise<void> {
    this.#status = status;
    try {
      await orLost(async () => await this.#say(await this.link.hub()));
    } catch (refused) {
      this.#said = undefined;
      throw refused;
    }
  }

  /** @throws Refused when the server refuses it */
  async typing(channelId: string): Promise<void> {
    await orLost(async () => await (await this.link.hub()).invoke('Typing', channelId));
  }

  /** Once for each connection and status, as the server refuses statuses that come too often. */
  #say(hub: Hub): Promise<unknown> | undefined {
    const status = this.#status;
    if (status === undefined) return undefined;
    if (this.#said?.hub === hub && this.#said.status === status) return this.#said.done;
    const done = hub.invoke('SetPresence', status);
    this.#said = { hub, status, done };
    return done;
  }
}

/** A call that a lost connection loses needs no error; a refusal does. */
async function orLost(call: () => Promise<unknown>): Promise<void> {
  try {
    await call();
  } catch (error) {
    const refused = error instanceof Error ? refusalIn(error) : undefined;
    if (refused !== undefined) throw refused;
  }
}
