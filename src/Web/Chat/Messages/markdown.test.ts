import { describe, expect, it } from 'vitest';
import { DepthMax, isEmojiOnly, parsed, summary, type Part } from './markdown';

/** The tree in a short form: `strong(text)`. */
function short(part: Part): string {
  if (part.kind === 'text') return part.text;
  const inside = 'parts' in part ? part.parts.map(short).join('') : 'text' in part ? part.text : '';
  return `${part.kind}(${inside})`;
}
const shown = (markdown: string): string => parsed(markdown).map(short).join('');
const links = (markdown: string): string[] => {
  const all: string[] = [];
  const walk = (part: Part): void => {
    if (part.kind === 'link') all.push(part.href);
    if ('parts' in part) part.parts.forEach(walk);
  };
  parsed(markdown).forEach(walk);
  return all;
};

describe('Markdown', () => {
  it('has marks', () =>
    expect(shown('**a** *b* ~~c~~ `d` _e_')).toBe('paragraph(strong(a) emphasis(b) strike(c) code(d) emphasis(e))'));

  it('has code blocks with their language', () =>
    expect(parsed('```ts\nlet a = 1;\n```')).toEqual([{ kind: 'codeBlock', text: 'let a = 1;', language: 'ts' }]));

  it('has quotes and lists', () => {
    expect(shown('> a\n\nb')).toBe('quote(paragraph(a))paragraph(b)');
    expect(shown('- a\n- b')).toBe('list(item(paragraph(a))item(paragraph(b)))');
    expect(parsed('3. a')[0]).toMatchObject({ kind: 'list', start: 3 });
  });

  it('keeps line breaks', () => expect(shown('a\nb')).toBe('paragraph(a\nb)'));

  it('has spoilers, around other marks too', () => {
    expect(shown('a ||b **c** d|| e')).toBe('paragraph(a spoiler(b strong(c) d) e)');
    expect(shown('||a|| ||b||')).toBe('paragraph(spoiler(a) spoiler(b))');
    expect(shown('a || b')).toBe('paragraph(a || b)');
    expect(shown('||a|| b || c')).toBe('paragraph(spoiler(a) b || c)');
    expect(shown('||||')).toBe('paragraph(||||)');
  });

  it('takes HTML, pictures and references as text', () => {
    expect(shown('<b>a</b> <script>alert(1)</script>')).toBe('paragraph(<b>a</b> <script>alert(1)</script>)');
    expect(shown('<div>\na\n</div>')).toBe('paragraph(<div>\na\n</div>)');
    expect(shown('&lt;b&gt; &amp;')).toBe('paragraph(&lt;b&gt; &amp;)');
    expect(links('![a](https://a.test/x.png)')).toEqual(['https://a.test/x.png']);
    expect(shown('[a]: https://a.test')).toContain('[a]: ');
  });

  it('links to http and https alone', () => {
    expect(links('[a](https://a.test/x) http://b.test')).toEqual(['https://a.test/x', 'http://b.test/']);
    for (const bad of ['javascript:alert(1)', 'data:text/html,a', 'vbscript:a', '//a.test', '/api', 'file:///etc'])
      expect(links(`[a](${bad}) <${bad}>`)).toEqual([]);
    expect(shown('[a](javascript:alert\\(1\\))')).not.toContain('link');
  });

  it('does not link an address that names another host before its own', () =>
    expect(links('[bank](https://bank.test@evil.test/) https://bank.test@evil.test/')).toEqual([]));

  it('leaves out the punctuation after an address', () => {
    expect(links('See https://a.test/b. Or (https://c.test/d)!')).toEqual(['https://a.test/b', 'https://c.test/d']);
    expect(links('https://a.test/b_(c)')).toEqual(['https://a.test/b_(c)']);
  });

  it('has no link within a link', () =>
    expect(links('[https://a.test](https://b.test)')).toEqual(['https://b.test/']));

  it('ends nesting somewhere', () => {
    const depth = (parts: readonly Part[]): number =>
      Math.max(0, ...parts.map(part => ('parts' in part ? 1 + depth(part.parts) : 1)));
    expect(depth(parsed(`${'> '.repeat(200)}a`))).toBeLessThanOrEqual(DepthMax + 1);
    expect(depth(parsed(Array.from({ length: 60 }, (_, i) => `${'  '.repeat(i)}- a`).join('\n')))).toBeLessThanOrEqual(
      DepthMax + 1,
    );
  });

  it('takes any text of 8,192 bytes', () => {
    const marks = ['>', '[', '*a', '_', '`', '||', '- ', '~~', '<', '![', '\n> - ', '[a](', '***a**_'];
    for (const hostile of [...marks, '1. ', '> - '])
      expect(parsed(hostile.repeat(8192 / hostile.length))).toBeDefined();
  });

  it('previews as plain text, without what is hidden', () =>
    expect(summary('**a** [b](https://c.test) ||d||\n\n> e')).toBe('a b ▮▮▮ e'));
});

describe('emoji alone', () => {
  it('are a few emoji of any kind', () => {
    for (const text of ['😀', '👍🏽 👩‍👩‍👧', '🇫🇷', '❤️', '😀😀😀😀😀😀']) expect(isEmojiOnly(text), text).toBe(true);
  });

  it('are nothing else, and not many', () => {
    for (const text of ['', 'a', '1', '#', '😀 a', '😀'.repeat(7), '12']) expect(isEmojiOnly(text), text).toBe(false);
  });
});
