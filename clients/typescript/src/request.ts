/** The parts of a request that do not depend on its types. */
export interface Parts {
  readonly path?: Readonly<Record<string, unknown>> | undefined;
  readonly query?: Readonly<Record<string, unknown>> | undefined;
  readonly body?: unknown;
  readonly idempotencyKey?: string | undefined;
  readonly after?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** @throws RangeError when a value of the path is missing, or would change the path */
export function addressOf(url: string, template: string, { path = {}, query = {} }: Parts): string {
  const filled = template.replace(/\{([^}]+)\}/g, (_, name: string) => segment(template, name, path[name]));
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const each of Array.isArray(value) ? value : [value])
      if (each !== undefined && each !== null) asked.append(name, String(each));
  }
  const text = asked.toString();
  return url + filled + (text === '' ? '' : `?${text}`);
}

function segment(template: string, name: string, value: unknown): string {
  const text = value === undefined || value === null ? '' : String(value);
  // Browsers resolve dots, also encoded ones, before they send the address.
  if (text === '' || text === '.' || text === '..')
    throw new RangeError(`${name} of ${template} is "${text}"; it must be a part of a path`);
  return encodeURIComponent(text);
}

/** The body as it is sent, and its type; a form names its own. */
export function encoded(body: unknown): { body?: FormData | string; type?: string } {
  if (body === undefined) return {};
  return body instanceof FormData ? { body } : { body: JSON.stringify(body), type: 'application/json' };
}
