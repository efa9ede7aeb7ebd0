import type { Conversation } from './conversation.svelte';
import type { Message } from './history';

/** What a person may do in a channel, by its permissions, its time-out and the moment that is shown. */
export interface Rights {
  readonly me: string;
  readonly write: boolean;
  /** May read what was said before this screen was opened. */
  readonly readHistory: boolean;
  /** May add an emoji that a message does not have yet. */
  readonly react: boolean;
  /** May add to the count of an emoji that a message has. */
  readonly joinReaction: boolean;
  /** May delete messages of others. */
  readonly moderate: boolean;
  readonly past: boolean;
}

/** What is open on the screen of a channel: what is replied to, edited, reacted to. */
export class Talk {
  replyingTo: Message | undefined = $state.raw();
  editing: string | undefined = $state();
  removing: Message | undefined = $state.raw();
  versionsOf: Message | undefined = $state.raw();
  reacting: { readonly message: Message; readonly beside: HTMLElement } | undefined = $state.raw();
  /** The message that a link or a reply led to. */
  lit: string | undefined = $state();

  constructor(
    readonly conversation: Conversation,
    readonly rights: () => Rights,
    /** Scrolls to a message, loading what is around it. */
    readonly goTo: (messageId: string) => void,
    readonly showPerson: (accountId: string, beside: HTMLElement) => void,
    readonly linkTo: (messageId: string) => string,
  ) {}

  get may(): Rights {
    return this.rights();
  }
}
