/**
 * Acts on their way to the server. Each is written down before anything else happens to it, under a key of its own, so
 * that tabs never overwrite each other's; it is taken away when the server has answered for it, and not before.
 */
import type { Problem } from '../api/errors';
import { type Act, type Deed, isFresh, make, readAct } from './acts';
import { after, type Standing, UNTOUCHED } from './ratingForm';
import { backoff } from './replay';

/** `localStorage`, or a map in tests. */
export interface Shelf {
  keys: () => string[];
  get: (key: string) => string | null;
  set: (key: string, value: string) => void;
  remove: (key: string) => void;
}

/** What the server said of one act; where the item stands now, if it said that too. */
export interface Verdict {
  token: string;
  saved: boolean;
  problem: Problem | null;
  standing?: Standing;
}

/** Throws where the server could not be asked; what it refused is a verdict. */
export interface Sender {
  /** At once, by the server's own clock. */
  one: (act: Act) => Promise<Verdict>;
  /** Later, in order, each with how long ago it was. */
  many: (acts: readonly Act[]) => Promise<Verdict[]>;
}

export interface Refused {
  readonly act: Act;
  readonly problem: Problem;
}

export interface OutboxState {
  readonly pending: readonly Act[];
  readonly refused: readonly Refused[];
  /** Where each item stands on the server, as far as it is known here. */
  readonly bases: ReadonlyMap<string, Standing>;
  readonly sending: boolean;
  /** Why the last attempt failed; null while all is well. */
  readonly failure: unknown;
}

/** The server takes up to 2000 at once. */
const BATCH = 500;
/** Of a stamp in milliseconds, so that keys sort by time. */
const DIGITS = 15;
export const STANDING = 'knee-standing-';

export class Outbox {
  private state: OutboxState;
  private readonly listeners = new Set<() => void>();
  private readonly answered = new Map<string, number>();
  private held: ReadonlySet<string> = new Set();
  private attempt = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly shelf: Shelf,
    /** Acts of other people on the same device stay theirs. */
    private readonly person: string,
    private readonly sender: Sender,
    private readonly now: () => number = Date.now,
  ) {
    this.state = {
      pending: this.stored(),
      refused: this.storedRefusals(),
      bases: new Map(),
      sending: false,
      failure: null,
    };
  }

  getState = (): OutboxState => this.state;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Write an act down, then try to send it. */
  add(item: string, deed: Deed): Act {
    const act = make(item, deed, this.now());
    this.shelf.set(`${this.prefix('act')}${this.stamp()}-${act.token}`, JSON.stringify(act));
    this.change({ pending: this.stored() });
    void this.flush();
    return act;
  }

  /** How many acts of an item the server has answered for; to be read before asking where the item stands. */
  version(item: string): number {
    return this.answered.get(item) ?? 0;
  }

  /** Where an item stands, as the server said; out of date where acts were answered for since it was asked. */
  learn(item: string, standing: Standing, version: number): void {
    if (version !== this.version(item)) return;
    this.change({ bases: new Map(this.state.bases).set(item, standing) });
  }

  /** Where these items stand, as the server said, is written down too, for a page that opens without it. */
  hold(items: readonly string[]): void {
    this.held = new Set(items);
    this.writeHeld(new Map());
  }

  /** Where these items stood when the server was last there, unless it has said more since. */
  recall(items: readonly string[]): void {
    const bases = new Map(this.state.bases);
    for (const item of items) {
      const text = this.shelf.get(this.standingKey(item));
      if (text !== null && !bases.has(item)) bases.set(item, JSON.parse(text) as Standing);
    }
    this.change({ bases });
  }

  /** The rater has read why an act was refused. */
  dismiss(token: string): void {
    this.forget('refused', token);
    this.change({ refused: this.storedRefusals() });
  }

  /** When nothing waits any more: what follows on the server needs what came before. */
  idle(): Promise<void> {
    if (this.state.pending.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const stop = this.subscribe(() => {
        if (this.state.pending.length > 0) return;
        stop();
        resolve();
      });
    });
  }

  /** Send what waits; ends when nothing waits or the server cannot be reached. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    if (this.state.sending) return;
    this.change({ sending: true, pending: this.stored() });
    try {
      while (this.state.pending.length > 0) await this.sendSome();
      this.attempt = 0;
      this.change({ sending: false, failure: null });
    } catch (failure) {
      this.change({ sending: false, failure });
      this.timer = setTimeout(() => void this.flush(), backoff(this.attempt++));
    }
  }

  private async sendSome(): Promise<void> {
    const [first, ...others] = this.state.pending.slice(0, BATCH);
    if (!first) return;
    const alone = others.length === 0 && isFresh(first, this.now());
    const verdicts = alone ? [await this.sender.one(first)] : await this.sender.many([first, ...others]);
    const sent = new Map([first, ...others].map((act) => [act.token, act]));
    const bases = new Map(this.state.bases);
    for (const verdict of verdicts) {
      const act = sent.get(verdict.token);
      if (!act) continue;
      sent.delete(act.token);
      this.answered.set(act.item, this.version(act.item) + 1);
      if (verdict.saved) bases.set(act.item, verdict.standing ?? after(bases.get(act.item) ?? UNTOUCHED, act));
      else this.refuse(act, verdict.problem);
      this.forget('act', act.token);
    }
    this.change({ pending: this.stored(), refused: this.storedRefusals(), bases });
    if (sent.size > 0) throw new Error('The server did not answer for everything that it was sent.');
  }

  private refuse(act: Act, problem: Problem | null): void {
    const told = problem ?? { code: 'refused', message: 'The server refused this.' };
    const refused: Refused = { act, problem: told };
    this.shelf.set(`${this.prefix('refused')}${this.stamp()}-${act.token}`, JSON.stringify(refused));
  }

  private forget(kind: 'act' | 'refused', token: string): void {
    for (const key of this.keys(kind)) if (key.endsWith(token)) this.shelf.remove(key);
  }

  private standingKey(item: string): string {
    return `${STANDING}${this.person}-${item}`;
  }

  private writeHeld(before: ReadonlyMap<string, Standing>): void {
    for (const [item, base] of this.state.bases) {
      if (this.held.has(item) && base !== before.get(item)) this.shelf.set(this.standingKey(item), JSON.stringify(base));
    }
  }

  private prefix(kind: 'act' | 'refused'): string {
    return `knee-${kind}-${this.person}-`;
  }

  private keys(kind: 'act' | 'refused'): string[] {
    return this.shelf
      .keys()
      .filter((key) => key.startsWith(this.prefix(kind)))
      .sort();
  }

  private stored(): Act[] {
    return this.keys('act').flatMap((key) => readAct(this.shelf.get(key) ?? '') ?? []);
  }

  private storedRefusals(): Refused[] {
    return this.keys('refused').map((key) => JSON.parse(this.shelf.get(key) ?? '') as Refused);
  }

  /** Later than everything written before, even where the clock of the device was set back. */
  private stamp(): string {
    const start = this.prefix('act').length;
    const last = Number(this.keys('act').at(-1)?.slice(start, start + DIGITS) ?? 0);
    return String(Math.max(last + 1, this.now())).padStart(DIGITS, '0');
  }

  private change(part: Partial<OutboxState>): void {
    const before = this.state.bases;
    this.state = { ...this.state, ...part };
    if (part.bases) this.writeHeld(before);
    for (const listener of this.listeners) listener();
  }
}

/** Where an item stands with everything that was done to it here; unknown (null) before anything was. */
export function standingOf(state: OutboxState, item: string): Standing | null {
  const acts = state.pending.filter((act) => act.item === item);
  const base = state.bases.get(item) ?? (acts.length > 0 ? UNTOUCHED : null);
  return base && acts.reduce(after, base);
}
