import type { Nodes, PhrasingContent, Root } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmStrikethroughFromMarkdown } from 'mdast-util-gfm-strikethrough';
import { gfmStrikethrough } from 'micromark-extension-gfm-strikethrough';

/** Deeper quotes, lists and marks are shown as text, so that a message cannot nest without end. */
export const DepthMax = 12;
/** Marks beyond which a message is text: parsing more of them takes long, and people do not write so many. */
export const MarksMax = 1_000;
/** Trees that are kept: some screens of messages. */
const KeptMax = 500;

/** A part of a message, as it is shown. Text is text; links lead to http and https alone. */
export type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'codeBlock'; readonly text: string; readonly language: string | undefined }
  | { readonly kind: 'link'; readonly href: string; readonly host: string; readonly parts: readonly Part[] }
  | { readonly kind: 'list'; readonly start: number | undefined; readonly parts: readonly Part[] }
  | { readonly kind: Wrapping; readonly parts: readonly Part[] }
  | { readonly kind: 'break' | 'rule' };

export type Wrapping = 'paragraph' | 'strong' | 'emphasis' | 'strike' | 'quote' | 'item' | 'heading' | 'spoiler';

const extension = {
  // HTML, pictures, definitions and references are text in a message; so is what only indents.
  disable: {
    null: [
      'htmlFlow',
      'htmlText',
      'labelStartImage',
      'definition',
      'codeIndented',
      'setextUnderline',
      'characterReference',
    ],
  },
};

const kept = new Map<string, readonly Part[]>();

/** What a message's Markdown says. */
export function parsed(markdown: string): readonly Part[] {
  const found = kept.get(markdown);
  if (found !== undefined) return found;
  const parts: readonly Part[] = isIntricate(markdown)
    ? [{ kind: 'paragraph', parts: withLinks(markdown) }]
    : partsOf(treeOf(markdown).children, markdown, 0);
  if (kept.size >= KeptMax) kept.delete(kept.keys().next().value ?? '');
  kept.set(markdown, parts);
  return parts;
}

const treeOf = (markdown: string): Root =>
  fromMarkdown(markdown, {
    extensions: [extension, gfmStrikethrough({ singleTilde: false })],
    mdastExtensions: [gfmStrikethroughFromMarkdown()],
  });

const Nested = new RegExp(`^(?:[ \\t]*(?:>|[-+*](?=[ \\t])|\\d{1,9}[.)])){${DepthMax}}`, 'm');
const Indented = new RegExp(`^[ \\t]{${3 * DepthMax},}(?:[-+*>]|\\d{1,9}[.)])`, 'm');

/** The time for nested quotes and lists grows with the square of their depth. */
const isIntricate = (markdown: string): boolean =>
  Nested.test(markdown) ||
  Indented.test(markdown) ||
  (markdown.match(/[*_~[\]<>`!]|\n[ \t]*[-+\d]/g)?.length ?? 0) > MarksMax;

const partsOf = (nodes: readonly Nodes[], source: string, depth: number): readonly Part[] =>
  withSpoilers(joined(nodes.flatMap(node => partOf(node, source, depth))));

const wrappings: Partial<Record<Nodes['type'], Wrapping>> = {
  paragraph: 'paragraph',
  strong: 'strong',
  emphasis: 'emphasis',
  delete: 'strike',
  blockquote: 'quote',
  listItem: 'item',
  heading: 'heading',
};

function partOf(node: Nodes, source: string, depth: number): readonly Part[] {
  if (depth >= DepthMax) return [{ kind: 'text', text: sourceOf(node, source) }];
  switch (node.type) {
    case 'text':
      return withLinks(node.value);
    case 'inlineCode':
      return [{ kind: 'code', text: node.value }];
    case 'code':
      return [{ kind: 'codeBlock', text: node.value, language: node.lang ?? undefined }];
    case 'break':
      return [{ kind: 'break' }];
    case 'thematicBreak':
      return [{ kind: 'rule' }];
    case 'list': {
      const start = node.ordered ? (node.start ?? 1) : undefined;
      return [{ kind: 'list', start, parts: partsOf(node.children, source, depth + 1) }];
    }
    case 'link': {
      const to = safe(node.url);
      if (to === undefined) return [{ kind: 'text', text: sourceOf(node, source) }];
      return [{ kind: 'link', ...to, parts: partsOf(node.children, source, depth + 1).flatMap(unlinked) }];
    }
    default: {
      const kind = wrappings[node.type];
      if (kind === undefined || !('children' in node)) return [{ kind: 'text', text: sourceOf(node, source) }];
      return [{ kind, parts: partsOf(node.children as PhrasingContent[], source, depth + 1) }];
    }
  }
}

const sourceOf = ({ position }: Nodes, source: string): string =>
  source.slice(position?.start.offset ?? 0, position?.end.offset ?? 0);

/** A link within a link is its text. */
const unlinked = (part: Part): readonly Part[] => (part.kind === 'link' ? part.parts : [part]);

function safe(address: string): { href: string; host: string } | undefined {
  if (!/^https?:\/\//i.test(address) || !URL.canParse(address)) return undefined;
  const { href, host, username, password } = new URL(address);
  // A name before the host is there to be taken for the host.
  return username === '' && password === '' ? { href, host } : undefined;
}

const Address = /\bhttps?:\/\/[^\s<>"']+/giu;

/** Addresses in plain text become links, without the punctuation that ends a sentence. */
function withLinks(text: string): readonly Part[] {
  const parts: Part[] = [];
  let from = 0;
  for (const { 0: found, index } of text.matchAll(Address)) {
    const address = trimmed(found);
    const to = safe(address);
    if (to === undefined) continue;
    parts.push({ kind: 'text', text: text.slice(from, index) });
    parts.push({ kind: 'link', ...to, parts: [{ kind: 'text', text: address }] });
    from = index + address.length;
  }
  parts.push({ kind: 'text', text: text.slice(from) });
  return parts.filter(part => part.kind !== 'text' || part.text !== '');
}

function trimmed(address: string): string {
  let end = address.length;
  for (; end > 0; end--) {
    const last = address[end - 1] ?? '';
    const unopened = last === ')' && !address.slice(0, end).includes('(');
    if (!/[.,:;!?*_~|\]]/.test(last) && !unopened) break;
  }
  return address.slice(0, end);
}

function joined(parts: readonly Part[]): Part[] {
  const all: Part[] = [];
  for (const part of parts) {
    const last = all.at(-1);
    if (part.kind === 'text' && last?.kind === 'text') all[all.length - 1] = { ...last, text: last.text + part.text };
    else all.push(part);
  }
  return all;
}

const SpoilerMark = '||';

/** `||` and the next `||` beside it enclose a spoiler; one without another is text. */
function withSpoilers(parts: readonly Part[]): readonly Part[] {
  const marks = parts.filter(part => part.kind === 'text' && part.text.includes(SpoilerMark)).length;
  if (marks === 0) return parts;
  const done: Part[] = [];
  let inside: Part[] | undefined;
  const say = (part: Part): number => (inside ?? done).push(part);
  for (const part of parts) {
    if (part.kind !== 'text') {
      say(part);
      continue;
    }
    part.text.split(SpoilerMark).forEach((text, i) => {
      if (i > 0) {
        if (inside === undefined) inside = [];
        else {
          done.push(inside.length > 0 ? { kind: 'spoiler', parts: inside } : { kind: 'text', text: '||||' });
          inside = undefined;
        }
      }
      if (text !== '') say({ kind: 'text', text });
    });
  }
  return inside === undefined ? done : joined([...done, { kind: 'text', text: SpoilerMark }, ...inside]);
}

/** Emoji that are shown large, when they are all that a message has. */
export const LargeEmojiMax = 6;

const Emoji = /^(?:\p{Emoji_Presentation}|\p{Emoji}\uFE0F|\p{RI}\p{RI}|\p{Emoji}(?:\p{EMod}|\u200D\p{Emoji}\uFE0F?)+)/u;

/** Whether a message is a few emoji and nothing else. */
export function isEmojiOnly(text: string): boolean {
  if (text.length > 200) return false;
  const graphemes = [...new Intl.Segmenter().segment(text)].map(({ segment }) => segment.trim()).filter(Boolean);
  return graphemes.length > 0 && graphemes.length <= LargeEmojiMax && graphemes.every(one => Emoji.test(one));
}

/** The first words of a message as plain text, for a preview of one line. */
export function summary(markdown: string): string {
  const text = parsed(markdown.slice(0, 400)).map(plain).join(' ').replace(/\s+/g, ' ').trim();
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

function plain(part: Part): string {
  // A preview must not give away what is hidden.
  if (part.kind === 'spoiler') return '▮▮▮';
  if ('text' in part) return part.text;
  return 'parts' in part ? part.parts.map(plain).join('') : ' ';
}
