import { describe, expect, it } from 'vitest';

import { forgetAllBut, forgetStudy, keepStudy, keptStudies } from './kept';
import { Outbox, type Sender, type Shelf, standingOf } from './outbox';
import { STILL } from './stopwatch';

const HOUR = 3600 * 1000;

function shelf(): Shelf {
  const map = new Map<string, string>();
  return {
    keys: () => [...map.keys()],
    get: (key) => map.get(key) ?? null,
    set: (key, value) => void map.set(key, value),
    remove: (key) => void map.delete(key),
  };
}

const nobody: Sender = {
  one: () => Promise.reject(new TypeError('no network')),
  many: () => Promise.reject(new TypeError('no network')),
};

const ann = { id: 'ann' };
const bob = { id: 'bob' };

describe('what a device keeps', () => {
  it('gives back the newest study first, and none that is old', () => {
    const store = shelf();
    keepStudy(store, ann, { id: 'one' }, 1 * HOUR);
    keepStudy(store, ann, { id: 'two' }, 2 * HOUR);
    const ids = (now: number): string[] => keptStudies<object, { id: string }>(store, now).map(({ study }) => study.id);
    expect(ids(3 * HOUR)).toEqual(['two', 'one']);
    expect(ids(13.5 * HOUR)).toEqual(['two']);
    forgetStudy(store, 'two');
    expect(ids(3 * HOUR)).toEqual(['one']);
  });

  it('keeps nothing of anybody else, and of nobody who has left', () => {
    const store = shelf();
    keepStudy(store, ann, { id: 'hers' }, HOUR);
    keepStudy(store, bob, { id: 'his' }, HOUR);
    for (const person of [ann, bob]) {
      const box = new Outbox(store, person.id, nobody, () => HOUR);
      box.hold(['item']);
      box.learn('item', { opened: true, answers: {}, watch: STILL }, 0);
      box.add('item', { kind: 'rate', question: 'fitting', value: 5 });
    }
    forgetAllBut(store, 'bob', 2 * HOUR);
    expect(keptStudies<typeof bob, object>(store, 2 * HOUR).map(({ person }) => person.id)).toEqual(['bob']);
    const standings = (): string[] => store.keys().filter((key) => key.startsWith('knee-standing-'));
    expect(standings()).toEqual(['knee-standing-bob-item']);
    forgetAllBut(store, null, 2 * HOUR);
    expect(standings()).toEqual([]);
    // What is still to be sent stays, whoever it is of.
    expect(store.keys().map((key) => key.split('-').slice(0, 3).join('-'))).toEqual(['knee-act-ann', 'knee-act-bob']);
  });

  it('lets an outbox go on where the server had left an item', () => {
    const store = shelf();
    const before = new Outbox(store, 'ann', nobody, () => HOUR);
    const watch = { ...STILL, last: 'paused' as const, spent: 300 };
    before.hold(['held']);
    before.learn('held', { opened: true, answers: { fitting: 4 }, watch }, 0);
    before.learn('other', { opened: true, answers: { fitting: 1 }, watch }, 0);
    before.add('held', { kind: 'press', press: 'resumed', note: '' });

    const after = new Outbox(store, 'ann', nobody, () => HOUR);
    expect(standingOf(after.getState(), 'held')?.answers).toEqual({});
    after.recall(['held', 'other']);
    const standing = standingOf(after.getState(), 'held');
    expect(standing?.answers).toEqual({ fitting: 4 });
    expect(standing?.watch).toMatchObject({ last: 'resumed', spent: 300, running: true });
    expect(standingOf(after.getState(), 'other')).toBeNull();
  });

  it('believes the server more than what was kept', () => {
    const store = shelf();
    const old = new Outbox(store, 'ann', nobody, () => HOUR);
    old.hold(['item']);
    old.learn('item', { opened: true, answers: { fitting: 4 }, watch: STILL }, 0);
    const now = new Outbox(store, 'ann', nobody, () => HOUR);
    now.learn('item', { opened: true, answers: { fitting: 6 }, watch: STILL }, 0);
    now.recall(['item']);
    expect(standingOf(now.getState(), 'item')?.answers).toEqual({ fitting: 6 });
  });
});
