/** Which requests the pages' own keeper answers, and from where. It never touches data: that is asked of the server. */

export type Source = 'page' | 'asset' | 'server';

/** Paths that are the server's own matter even where a browser goes to them like to a page. */
const SERVERS = /^\/(api|ws|static|health)(\/|$)/;
const ASSETS = /^\/static\//;

/** A page comes from the server, or from the store where the server cannot be reached; an asset from the store. */
export function sourceOf(request: { method: string; mode: string; url: string }, origin: string): Source {
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== origin) return 'server';
  if (ASSETS.test(url.pathname)) return 'asset';
  return request.mode === 'navigate' && !SERVERS.test(url.pathname) ? 'page' : 'server';
}

/** Whether an answer comes from a proxy whose server is away. */
export function serverIsAway(status: number): boolean {
  return status >= 502 && status <= 504;
}
