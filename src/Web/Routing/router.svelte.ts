import type { Component } from 'svelte';

/** A screen's props are the parameters of its path. */
export type Screen = Component<Record<string, string>>;

export interface Route {
  /** Such as `/channels/:channelId`. */
  readonly path: string;
  readonly load: () => Promise<{ default: Component<any> }>;
  /** Shown without a session. */
  readonly open?: boolean;
  /** Which entry of the navigation it belongs to. */
  readonly section?: string;
  /** Takes the whole window, without the navigation. */
  readonly bare?: boolean;
}

export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

export function match(routes: readonly Route[], path: string): Match | undefined {
  const parts = path.replace(/\/+$/, '').split('/');
  for (const route of routes) {
    const wanted = route.path.replace(/\/+$/, '').split('/');
    if (wanted.length !== parts.length) continue;
    const params: Record<string, string> = {};
    const fits = wanted.every((name, i) => {
      const part = parts[i] ?? '';
      if (!name.startsWith(':')) return name === part;
      const value = decode(part);
      if (value === undefined || value === '') return false;
      params[name.slice(1)] = value;
      return true;
    });
    if (fits) return { route, params };
  }
  return undefined;
}

function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

/** The page's address, and moving about in it. */
class Router {
  #url: URL = $state.raw(new URL(location.href));

  constructor() {
    addEventListener('popstate', () => (this.#url = new URL(location.href)));
  }

  get path(): string {
    return this.#url.pathname;
  }

  get query(): URLSearchParams {
    return this.#url.searchParams;
  }

  go(to: string, how: { replace?: boolean } = {}): void {
    const url = new URL(to, location.href);
    // An address may come from a link that a stranger made.
    if (url.origin !== location.origin) return this.go('/', how);
    if (url.href === location.href) return;
    if (how.replace) history.replaceState(null, '', url);
    else history.pushState(null, '', url);
    this.#url = url;
  }

  /** Sets or, with undefined, removes one parameter of the address, without another entry in the browser's history. */
  setQuery(name: string, value: string | undefined): void {
    const url = new URL(this.#url);
    if (value === undefined) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
    this.go(url.href, { replace: true });
  }
}

export const router = new Router();

/** Goes to an address of this page. */
export const navigate = (to: string, how: { replace?: boolean } = {}): void => router.go(to, how);

/** Lets plain links of this page change the screen instead of loading the page anew. */
export function followLinks(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const link = (event.target as Element | null)?.closest?.('a');
  if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute('download')) return;
  const url = new URL(link.href, location.href);
  if (url.origin !== location.origin || isServers(url.pathname)) return;
  event.preventDefault();
  router.go(url.href);
}

/** Addresses that the server answers itself. */
const isServers = (path: string): boolean => /^\/(api|docs|openapi|hubs|\.well-known)(\/|$)/.test(path);
