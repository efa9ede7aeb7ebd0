import { Problem } from '@veza/client';
import { explain } from '../../Design/explain';
import { texts } from '../../Language/language.svelte';

const words = texts({
  en: {
    category_unknown: 'This category is not there any more.',
    channel_elsewhere: 'Its new neighbour was moved meanwhile. Try again.',
    category_in_category: 'A category cannot be in another category.',
    channel_unknown: 'This channel is not there any more.',
    too_many_channels: 'This community has 500 channels, and takes no more.',
  },
  fr: {
    category_unknown: 'Cette catégorie n’est plus là.',
    channel_elsewhere: 'Son nouveau voisin a été déplacé entre-temps. Réessayez.',
    category_in_category: 'Une catégorie ne peut pas être dans une autre.',
    channel_unknown: 'Ce salon n’est plus là.',
    too_many_channels: 'Cette communauté a 500 salons, et n’en prend pas plus.',
  },
});

/** What a person can read about a failed call that concerns channels, in the page's language where it has one. */
export function channelProblem(error: unknown): string {
  const all: Partial<Record<string, string>> = words();
  return (error instanceof Problem ? all[error.code] : undefined) ?? explain(error);
}
