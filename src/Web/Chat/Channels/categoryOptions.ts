import { categoriesOf } from './channelGroups';
import type { Channel } from './community';
import { words } from './words';

/** The categories for a field in which one is chosen; the empty value is none. */
export const categoryOptions = (channels: readonly Channel[]): { value: string; text: string }[] => [
  { value: '', text: words().noCategory },
  ...categoriesOf(channels).map(({ id, name }) => ({ value: id, text: name })),
];

/** The category of a value of that field. */
export const idOf = (value: string): string | null => value || null;
