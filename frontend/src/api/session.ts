/** The one place that knows the anti-forgery token and whether the session has run out. */

let token = '';
let expired = false;
let waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
const listeners = new Set<() => void>();

function tell(): void {
  for (const listener of listeners) listener();
}

export function rememberToken(value: string): void {
  token = value;
}

/** The cookie is fresher than what was remembered when another tab has logged in since. */
export function csrfToken(): string {
  const cookie = /(?:^|;\s*)knee_csrf=([^;]+)/.exec(document.cookie)?.[1];
  return cookie ? decodeURIComponent(cookie) : token;
}

export function isExpired(): boolean {
  return expired;
}

export function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Ask for a new log-in and wait for it; the page underneath keeps everything that was typed. */
export function renewal(): Promise<void> {
  return new Promise((resolve, reject) => {
    waiting.push({ resolve, reject });
    if (!expired) {
      expired = true;
      tell();
    }
  });
}

/** The person logged in again: requests that waited are sent once more. */
export function renewed(): void {
  expired = false;
  const ready = waiting;
  waiting = [];
  for (const one of ready) one.resolve();
  tell();
}

/** The person chose to leave instead. */
export function abandoned(): void {
  expired = false;
  const ready = waiting;
  waiting = [];
  for (const one of ready) one.reject(new Error('You left without logging in again.'));
  tell();
}

/** Whether a response says that nobody is logged in any more. */
export function saysLoggedOut(status: number): boolean {
  return status === 401;
}
