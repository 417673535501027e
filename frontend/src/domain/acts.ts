/** What a rater does, as it is kept on the device until the server has said that it has it. */
import type { PressKind } from './stopwatch';

interface Made {
  /** Made here for this act: the same again is the same act. */
  readonly token: string;
  /** The token of the item. */
  readonly item: string;
  /** By the clock of this device, ISO 8601. */
  readonly at: string;
}

export type Act = Made &
  (
    | { readonly kind: 'open' }
    | { readonly kind: 'rate'; readonly question: string; readonly value: number }
    | { readonly kind: 'press'; readonly press: PressKind; readonly note: string }
  );

type Unmade<T> = T extends unknown ? Omit<T, keyof Made> : never;

/** An act before it has a token and a time. */
export type Deed = Unmade<Act>;

/** Shorter than this on the way, a press needs no time of its own: the server's clock takes it, milliseconds. */
const FRESH_MS = 3000;

export function make(item: string, deed: Deed, now: number, token: string = crypto.randomUUID()): Act {
  return { ...deed, item, token, at: new Date(now).toISOString() };
}

export function isFresh(act: Act, now: number): boolean {
  return Math.abs(now - Date.parse(act.at)) < FRESH_MS;
}

/** An act from its stored text; null where the text is something else. */
export function readAct(text: string): Act | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return null;
    if (!('token' in value && 'item' in value && 'at' in value && 'kind' in value)) return null;
    return value as Act;
  } catch {
    return null;
  }
}
