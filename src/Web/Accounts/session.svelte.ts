import { exclusively } from '../Shell/exclusively';

const Key = 'veza.session';

/** Renewed this long before it expires, so that no request meets an expired token because of a slow clock. */
const RenewBeforeMs = 60_000;

/** What signing in answers, as this device keeps it. */
export interface KeptSession {
  readonly accountId: string;
  readonly userName: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  /** By this device's clock, in ms. */
  readonly expiresAt: number;
}

/** Why the session ended, for the page that asks to sign in again. */
export type Ending = 'signedOut' | 'elsewhere' | 'passwordSet' | 'erased';

function read(): KeptSession | undefined {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(Key) ?? 'null');
    return typeof found === 'object' && found !== null && 'refreshToken' in found ? (found as KeptSession) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Who uses the page, the same in all tabs. A refresh token is good once, so one tab at a time renews it, and looks
 * first whether another has.
 */
class Session {
  #now: KeptSession | undefined = $state.raw(read());
  /** Derived, so that renewed tokens are no change for what depends on the account: screens would be read again. */
  readonly #me = $derived(this.#now?.accountId ?? '');
  ending: Ending | undefined = $state(undefined);
  #isStored = true;

  constructor() {
    // Another tab signed in, signed out or renewed the tokens.
    addEventListener('storage', event => {
      if (event.key !== Key && event.key !== null) return;
      const found = read();
      if (this.#now !== undefined && found === undefined) this.ending ??= 'signedOut';
      this.#now = found;
    });
  }

  get current(): KeptSession | undefined {
    return this.#now;
  }

  /** The account's id. Only screens of signed-in people ask. */
  get me(): string {
    return this.#me;
  }

  start(session: KeptSession): void {
    this.ending = undefined;
    this.#keep(session);
  }

  end(why: Ending): void {
    this.ending = why;
    this.#keep(undefined);
  }

  rename(userName: string): void {
    if (this.#now !== undefined) this.#keep({ ...this.#now, userName });
  }

  /** A token that is good for a while yet; undefined without a session. */
  async accessToken(): Promise<string | undefined> {
    if (this.#now === undefined) return undefined;
    // Without a server the old token goes along; the request then says what is wrong.
    if (this.#now.expiresAt - Date.now() <= RenewBeforeMs)
      await this.renew(this.#now.accessToken).catch(() => undefined);
    return this.#now?.accessToken;
  }

  /**
   * Exchanges the refresh token, unless another tab has since. A session that the server no longer knows ends here.
   * @param refused the access token that is no longer good
   * @returns whether there is another one now
   */
  async renew(refused: string | undefined): Promise<boolean> {
    return await exclusively('veza.session', async () => {
      const kept = this.#kept();
      if (kept === undefined) {
        this.#now = undefined;
        return false;
      }
      if (kept.accessToken !== refused && kept.expiresAt > Date.now()) {
        this.#now = kept;
        return true;
      }
      const answer = await fetch('/api/v1/sessions/refresh', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ refreshToken: kept.refreshToken }),
      });
      // The session ended here while the server was asked, for a reason that is known better.
      if (this.#kept()?.refreshToken !== kept.refreshToken) return false;
      if (answer.status === 401) {
        this.end('elsewhere');
        return false;
      }
      if (!answer.ok) return false;
      const next = (await answer.json()) as { accessToken: string; refreshToken: string; expiresIn: number };
      this.#keep({ ...kept, ...tokens(next) });
      return true;
    });
  }

  /** The session of all tabs, which another one may have changed. */
  #kept(): KeptSession | undefined {
    return this.#isStored ? read() : this.#now;
  }

  #keep(session: KeptSession | undefined): void {
    this.#now = session;
    try {
      if (session === undefined) localStorage.removeItem(Key);
      else localStorage.setItem(Key, JSON.stringify(session));
      this.#isStored = true;
    } catch {
      // Without storage the session lasts as long as the tab.
      this.#isStored = false;
    }
  }
}

/** The tokens of an answer, with the time of their end by this device's clock. */
export const tokens = (answer: {
  accessToken: string;
  refreshToken: string;
  expiresIn: number;
}): Pick<KeptSession, 'accessToken' | 'refreshToken' | 'expiresAt'> => ({
  accessToken: answer.accessToken,
  refreshToken: answer.refreshToken,
  expiresAt: Date.now() + answer.expiresIn * 1000,
});

export const session = new Session();
