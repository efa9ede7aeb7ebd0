const family = '👨‍👩‍👧‍👦';

/** Texts that people write to break a page, by what they try. */
export const hostile = {
  script: '<script>window.broken = 1</script><img src=x onerror="window.broken = 2">',
  handler: '"><svg onload=window.broken=3>\' onfocus=window.broken=4 autofocus x=\'',
  template: '{window.broken = 5}${window.broken = 6}{@html window.broken}',
  link: '[a](javascript:window.broken=7) javascript:window.broken=8 data:text/html,<script>window.broken=9</script>',
  bidi: '\u202Eright to left\u202C \u2067isolated\u2066 \u202Dnever closed',
  arabic: 'مرحبا بالعالم https://example.org/\u202Egnp.exe',
  combining: 'Z' + '\u0301\u0323\u0334\u0353'.repeat(1000),
  word: 'W'.repeat(4000),
  emoji: family.repeat(250),
  lines: '.\n'.repeat(1500),
  markup: '*_~`|>#-'.repeat(500),
  quotes: '>'.repeat(2000) + ' deep',
  zeroWidth: '\u200B\u200D\uFEFF'.repeat(500) + 'end',
  tall: 'ﷺ𒐫꧅'.repeat(100),
} as const;

/** The same, as long as a name or a title may be: one line of 100 characters. */
export const hostileLines: readonly string[] = [
  hostile.script,
  hostile.handler,
  hostile.bidi,
  'Z' + '\u0301\u0323\u0334\u0353'.repeat(24),
  'W'.repeat(100),
  family.repeat(9),
].map(text => text.slice(0, 100));
