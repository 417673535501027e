import { describe, expect, it } from 'vitest';

import type { Act } from './acts';
import { Outbox, type Sender, type Shelf, standingOf, type Verdict } from './outbox';
import { seconds } from './stopwatch';

function shelf(): Shelf & { map: Map<string, string> } {
  const map = new Map<string, string>();
  return {
    map,
    keys: () => [...map.keys()],
    get: (key) => map.get(key) ?? null,
    set: (key, value) => void map.set(key, value),
    remove: (key) => void map.delete(key),
  };
}

/** A server that keeps each token once, as ours does, and whose line can be cut before or after it has heard. */
class Server implements Sender {
  line: 'up' | 'down' | 'answer lost' = 'up';
  readonly kept: Act[] = [];
  readonly alone: string[] = [];
  readonly refuses = new Set<string>();

  async one(act: Act): Promise<Verdict> {
    this.alone.push(act.token);
    return this.take(act);
  }

  async many(acts: readonly Act[]): Promise<Verdict[]> {
    return Promise.all(acts.map((act) => this.take(act)));
  }

  private async take(act: Act): Promise<Verdict> {
    if (this.line === 'down') throw new TypeError('no network');
    if (this.refuses.has(act.item)) {
      return { token: act.token, saved: false, problem: { code: 'not_found', message: 'Gone' } };
    }
    if (!this.kept.some((one) => one.token === act.token)) this.kept.push(act);
    if (this.line === 'answer lost') throw new TypeError('no network');
    return { token: act.token, saved: true, problem: null };
  }
}

const idle = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

describe('the outbox', () => {
  it('sends a single act at once and forgets it', async () => {
    const [store, server] = [shelf(), new Server()];
    const box = new Outbox(store, 'me', server);
    const act = box.add('item', { kind: 'rate', question: 'shape', value: 3 });
    expect(store.map.size).toBe(1);
    await idle();
    expect(server.kept.map((one) => one.token)).toEqual([act.token]);
    expect(server.alone).toEqual([act.token]);
    expect(store.map.size).toBe(0);
    expect(standingOf(box.getState(), 'item')?.answers).toEqual({ shape: 3 });
  });

  it('keeps an hour without a network, in order, and doubles nothing when an answer is lost', async () => {
    const [store, server] = [shelf(), new Server()];
    let time = 1_000_000;
    const box = new Outbox(store, 'me', server, () => time);
    server.line = 'down';
    const made: string[] = [];
    for (let minute = 0; minute < 60; minute++) {
      time += 60_000;
      made.push(box.add(`item ${minute % 7}`, { kind: 'rate', question: 'fitting', value: minute % 6 }).token);
      await idle();
    }
    expect(box.getState().pending).toHaveLength(60);
    expect(box.getState().failure).toBeInstanceOf(TypeError);

    server.line = 'answer lost';
    await box.flush();
    expect(server.kept).toHaveLength(60);
    expect(store.map.size).toBe(60);

    // A crash: another page finds everything where it was.
    const next = new Outbox(store, 'me', server, () => time);
    expect(next.getState().pending.map((act) => act.token)).toEqual(made);
    server.line = 'up';
    await next.flush();
    expect(server.kept.map((act) => act.token)).toEqual(made);
    expect(store.map.size).toBe(0);
    expect(server.alone).toHaveLength(1);
  });

  it('keeps the order where the clock of the device is set back', async () => {
    const [store, server] = [shelf(), new Server()];
    let time = 5_000_000;
    const box = new Outbox(store, 'me', server, () => time);
    server.line = 'down';
    const first = box.add('item', { kind: 'press', press: 'placed', note: '' });
    time -= 3_600_000;
    const second = box.add('item', { kind: 'press', press: 'completed', note: '' });
    await idle();
    server.line = 'up';
    await box.flush();
    expect(server.kept).toEqual([first, second]);
  });

  it('tells what was refused, also after a reload, until somebody has read it', async () => {
    const [store, server] = [shelf(), new Server()];
    server.refuses.add('gone');
    const box = new Outbox(store, 'me', server);
    const act = box.add('gone', { kind: 'rate', question: 'shape', value: 1 });
    await idle();
    expect(box.getState().pending).toEqual([]);
    expect(box.getState().refused.map((one) => one.act)).toEqual([act]);
    expect(standingOf(box.getState(), 'gone')).toBeNull();
    const next = new Outbox(store, 'me', server);
    expect(next.getState().refused).toHaveLength(1);
    next.dismiss(act.token);
    expect(next.getState().refused).toEqual([]);
    expect(store.map.size).toBe(0);
  });

  it('says when everything has been answered for', async () => {
    const server = new Server();
    server.line = 'down';
    const box = new Outbox(shelf(), 'me', server);
    await box.idle();
    box.add('item', { kind: 'open' });
    let quiet = false;
    const waiting = box.idle().then(() => (quiet = true));
    await idle();
    expect(quiet).toBe(false);
    server.line = 'up';
    await box.flush();
    await waiting;
    expect(quiet).toBe(true);
  });

  it("leaves another person's acts alone", async () => {
    const [store, server] = [shelf(), new Server()];
    server.line = 'down';
    new Outbox(store, 'one', server).add('item', { kind: 'open' });
    await idle();
    server.line = 'up';
    const other = new Outbox(store, 'another', server);
    await other.flush();
    expect(server.kept).toEqual([]);
    expect(store.map.size).toBe(1);
  });

  it('does not believe an answer that is older than what was saved since', async () => {
    const server = new Server();
    const box = new Outbox(shelf(), 'me', server);
    const version = box.version('item');
    const stale = { opened: true, answers: {}, watch: { ...WATCH } };
    box.add('item', { kind: 'rate', question: 'shape', value: 4 });
    await idle();
    box.learn('item', stale, version);
    expect(standingOf(box.getState(), 'item')?.answers).toEqual({ shape: 4 });
    box.learn('item', stale, box.version('item'));
    expect(standingOf(box.getState(), 'item')?.answers).toEqual({});
  });

  it('takes the times of presses from when they were made', async () => {
    const server = new Server();
    let time = 10_000;
    const box = new Outbox(shelf(), 'me', server, () => time);
    server.line = 'down';
    const step = (ms: number, press: 'placed' | 'paused' | 'resumed' | 'completed'): void => {
      time += ms;
      box.add('item', { kind: 'press', press, note: '' });
    };
    step(0, 'placed');
    step(60_000, 'paused');
    step(600_000, 'resumed');
    step(30_000, 'completed');
    await idle();
    const watch = standingOf(box.getState(), 'item')?.watch;
    expect(watch?.duration).toBe(90);
    expect(watch && seconds(watch, time + 5000)).toBe(90);
  });
});

const WATCH = { last: null, running: false, spent: 0, since: 0, duration: null, pauses: 0, corrections: 0 };
