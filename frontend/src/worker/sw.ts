/**
 * Keeps the pages themselves on the device, so that a rater in a printing laboratory can reload them without a network.
 * Only files that are the same for everybody: never an answer of the API.
 */
import { serverIsAway, sourceOf } from './shell';

/** Written in by the build: the pages' files, and a name that changes with them. */
declare const SHELL: { version: string; files: string[] };

// What is used here of the types of service workers, which exclude those of pages.
interface Lasting extends Event {
  waitUntil: (work: Promise<unknown>) => void;
}
interface Asked extends Event {
  readonly request: Request;
  respondWith: (answer: Promise<Response>) => void;
}
interface Keeper {
  readonly location: Location;
  readonly clients: { claim: () => Promise<void> };
  addEventListener(type: 'install' | 'activate', listener: (event: Lasting) => void): void;
  addEventListener(type: 'fetch', listener: (event: Asked) => void): void;
}

const keeper = self as unknown as Keeper;
const PREFIX = 'knee-pages-';
const store = `${PREFIX}${SHELL.version}`;
/** A connection that is there and leads nowhere is given so long, milliseconds. */
const PATIENCE_MS = 5000;

async function fill(): Promise<void> {
  const cache = await caches.open(store);
  // Not all have names that change with them, so the browser's own copies are asked about.
  await cache.addAll(['/', ...SHELL.files].map((url) => new Request(url, { cache: 'no-cache' })));
}

async function removeOthers(): Promise<void> {
  const old = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== store);
  await Promise.all(old.map((name) => caches.delete(name)));
  await keeper.clients.claim();
}

async function kept(key: string): Promise<Response | undefined> {
  return (await caches.open(store)).match(key, { ignoreVary: true });
}

async function page(request: Request): Promise<Response> {
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return serverIsAway(answer.status) ? ((await kept('/')) ?? answer) : answer;
  } catch (error) {
    const copy = await kept('/');
    if (copy) return copy;
    throw error;
  }
}

async function asset(request: Request): Promise<Response> {
  return (await kept(request.url)) ?? fetch(request);
}

keeper.addEventListener('install', (event) => event.waitUntil(fill()));
keeper.addEventListener('activate', (event) => event.waitUntil(removeOthers()));
keeper.addEventListener('fetch', (event) => {
  const source = sourceOf(event.request, keeper.location.origin);
  if (source === 'page') event.respondWith(page(event.request));
  else if (source === 'asset') event.respondWith(asset(event.request));
});
