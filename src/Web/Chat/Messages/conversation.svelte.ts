import { Topics } from '@veza/client';
import { session } from '../../Accounts/session.svelte';
import { explain } from '../../Design/explain';
import { toasts } from '../../Design/toasts.svelte';
import { api } from '../../Http/api';
import { resource, type Resource, type Shape } from '../../Live/resource.svelte';
import { getAt, past } from '../../Replay/past.svelte';
import { names } from '../Members/names.svelte';
import {
  applied,
  movedTo,
  opened,
  reacted,
  sentIn,
  touched,
  withNewer,
  withOlder,
  without,
  withSent,
  type History,
  type Message,
  type Page,
} from './history';
import { outbox } from './outbox.svelte';

export const PageSize = 50;

type View = Awaited<ReturnType<typeof readPage>>['body']['items'][number];

/** The messages of one channel, for its screen. */
export class Conversation {
  readonly #history: Resource<History>;
  /** The page that is being read, if any. */
  loading: 'older' | 'newer' | 'around' | undefined = $state();

  /** @param around the message that the screen opens at, if any */
  constructor(
    readonly channelId: string,
    around: () => string | undefined,
  ) {
    this.#history = resource(() => this.#shape(around));
    $effect(() =>
      outbox.onSent(({ waiting, id, position }) => {
        if (waiting.channelId !== channelId || past.is) return;
        const { text, replyTo } = waiting;
        const message = sentIn(
          { messageId: id, authorId: session.me, text, replyTo },
          new Date().toISOString(),
          position,
        );
        this.#history.update(history => withSent(history, message));
      }),
    );
  }

  get history(): History | undefined {
    return this.#history.state;
  }

  get error(): unknown {
    return this.#history.error;
  }

  retry(): void {
    this.#history.retry();
  }

  older(): Promise<void> {
    const first = this.history?.messages[0];
    if (first === undefined || !this.history?.hasOlder) return Promise.resolve();
    return this.#read('older', { before: first.id }, withOlder);
  }

  newer(): Promise<void> {
    const last = this.history?.messages.at(-1);
    if (last === undefined || !this.history?.hasNewer) return Promise.resolve();
    return this.#read('newer', { after: last.id }, withNewer);
  }

  /** @returns whether the message is there */
  async around(messageId: string): Promise<boolean> {
    if (this.#holds(messageId)) return true;
    await this.#read('around', { around: messageId }, (history, page) => movedTo(history, page, true));
    return this.#holds(messageId);
  }

  newest(): Promise<void> {
    if (!this.history?.hasNewer) return Promise.resolve();
    return this.#read('around', {}, (history, page) => movedTo(history, page, false));
  }

  setAtEnd(atEnd: boolean): void {
    if (this.history !== undefined && this.history.atEnd !== atEnd && !(atEnd && this.history.hasNewer))
      this.#history.update(history => ({ ...history, atEnd }));
  }

  async react(message: Message, emoji: string): Promise<void> {
    const adds = !message.reactions.some(reaction => reaction.emoji === emoji && reaction.mine);
    const show = (to: boolean): void =>
      this.#history.update(history => touched(history, message.id, found => reacted(found, emoji, to, true)));
    show(adds);
    const path = { messageId: message.id, emoji };
    try {
      if (adds) await api.put('/api/v1/messages/{messageId}/reactions/{emoji}', { path });
      else await api.delete('/api/v1/messages/{messageId}/reactions/{emoji}', { path });
    } catch (error) {
      show(!adds);
      toasts.say(explain(error), 'bad');
    }
  }

  /** @throws Problem */
  async edit(message: Message, text: string): Promise<void> {
    await api.patch('/api/v1/messages/{messageId}', { path: { messageId: message.id }, body: { text } });
    this.#history.update(history => touched(history, message.id, found => ({ ...found, text })));
  }

  /** @throws Problem */
  async remove(message: Message): Promise<void> {
    await api.delete('/api/v1/messages/{messageId}', { path: { messageId: message.id } });
    this.#history.update(history => without(history, message.id));
  }

  #holds(messageId: string): boolean {
    return this.history?.messages.some(({ id }) => id === messageId) ?? false;
  }

  async #read(
    kind: NonNullable<Conversation['loading']>,
    query: Asked,
    change: (history: History, page: Page) => History | undefined,
  ): Promise<void> {
    if (this.loading !== undefined || this.history === undefined) return;
    this.loading = kind;
    try {
      let done = false;
      while (!done) {
        const { position } = this.history;
        const { moment } = past;
        const answer = await readPage(this.channelId, query, position);
        // Meanwhile another moment may be shown.
        if (past.moment !== moment || this.history === undefined) return;
        const page = pageOf(answer, position);
        this.#history.update(history => {
          const next = change(history, page);
          done = next !== undefined;
          return next ?? history;
        });
      }
    } catch (error) {
      toasts.say(explain(error), 'bad');
    } finally {
      this.loading = undefined;
    }
  }

  #shape(around: () => string | undefined): Shape<History> {
    const { channelId } = this;
    return {
      of: channelId,
      async read(signal) {
        const target = around();
        let answer = await readPage(channelId, { around: target }, undefined, signal).catch((error: unknown) => {
          // The message that a link leads to may be deleted.
          if (target === undefined) throw error;
          return undefined;
        });
        const found = answer !== undefined && target !== undefined;
        answer ??= await readPage(channelId, {}, undefined, signal);
        const state = opened(session.me, channelId, pageOf(answer, 0), found);
        return { state, position: answer.position, epoch: answer.epoch };
      },
      topics: () => [Topics.channel(channelId)],
      apply(history, item) {
        outbox.settle(item);
        return applied(history, item);
      },
    };
  }
}

interface Asked {
  readonly before?: string;
  readonly after?: string;
  readonly around?: string | undefined;
}

const readPage = (channelId: string, { around, ...asked }: Asked, after?: number, signal?: AbortSignal) =>
  getAt('/api/v1/channels/{channelId}/messages', {
    path: { channelId },
    query: { ...asked, ...(around !== undefined && { around }), limit: PageSize },
    after,
    signal,
  });

function pageOf(answer: Awaited<ReturnType<typeof readPage>>, fallback: number): Page {
  const position = answer.position ?? answer.counted ?? fallback;
  const { items, next } = answer.body;
  names.know(items.map(({ author }) => author));
  const exactAt = answer.counted ?? position;
  return { messages: items.map(view => messageOf(view, exactAt)).reverse(), position, hasMore: next !== null };
}

export const messageOf = (view: View, exactAt: number): Message => ({
  id: view.id,
  authorId: view.author.id,
  text: view.text,
  replyTo: view.replyTo,
  sentAt: view.sentAt,
  editedAt: view.editedAt,
  edits: view.edits,
  reactions: view.reactions.map(({ emoji, count, me }) => ({ emoji, count, mine: me })),
  position: view.position,
  exactAt: Math.max(exactAt, view.position),
});
