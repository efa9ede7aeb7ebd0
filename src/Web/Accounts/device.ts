const browsers: readonly [name: string, sign: RegExp][] = [
  ['Edge', /\bEdgA?\//],
  ['Opera', /\bOPR\//],
  ['Samsung Internet', /\bSamsungBrowser\//],
  ['Firefox', /\b(Firefox|FxiOS)\//],
  ['Chrome', /\b(Chrome|CriOS|HeadlessChrome)\//],
  ['Safari', /\bSafari\//],
];
const systems: readonly [name: string, sign: RegExp][] = [
  ['iPhone', /\biPhone\b/],
  ['iPad', /\biPad\b/],
  ['Android', /\bAndroid\b/],
  ['ChromeOS', /\bCrOS\b/],
  ['Windows', /\bWindows\b/],
  ['macOS', /\bMac OS X\b/],
  ['Linux', /\bLinux\b/],
];

const first = (all: typeof browsers, agent: string): string | undefined =>
  all.find(([, sign]) => sign.test(agent))?.[0];

/** A short name of a browser, such as "Firefox, Linux"; the User-Agent itself when it is no browser's. */
export function deviceName(userAgent: string): string {
  const names = [first(browsers, userAgent), first(systems, userAgent)].filter(name => name !== undefined);
  return names.length === 0 ? userAgent : names.join(', ');
}
