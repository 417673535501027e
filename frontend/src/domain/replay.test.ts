import { describe, expect, it } from 'vitest';

import { backoff, hasHole, type JobEvent, NOTHING, replay } from './replay';

function event(sequence: number): JobEvent {
  return {
    sequence,
    kind: 'progress',
    stage: `stage ${sequence}`,
    fraction: sequence / 10,
    remaining_s: null,
    message: '',
    at: '2026-01-01T00:00:00Z',
  };
}

describe('replaying the events of a job', () => {
  it('ends at the same picture in any order, with repeats', () => {
    for (const order of [
      [1, 2, 3],
      [3, 1, 2],
      [1, 1, 3, 2, 3, 2],
    ]) {
      const end = order.map(event).reduce(replay, NOTHING);
      expect(end.sequence).toBe(3);
      expect(end.latest?.stage).toBe('stage 3');
      expect(hasHole(end)).toBe(false);
    }
  });

  it('sees a hole and shows nothing beyond it', () => {
    const state = [1, 4].map(event).reduce(replay, NOTHING);
    expect(hasHole(state)).toBe(true);
    expect(state.latest?.sequence).toBe(1);
    expect([2, 3].map(event).reduce(replay, state).sequence).toBe(4);
  });

  it('never goes backwards', () => {
    const state = [1, 2, 3].map(event).reduce(replay, NOTHING);
    expect(replay(state, event(2))).toBe(state);
  });
});

describe('reconnecting', () => {
  it('waits longer each time, up to a limit', () => {
    const middle = (): number => 0.5;
    expect([0, 1, 2, 10].map((n) => backoff(n, middle))).toEqual([500, 1000, 2000, 30000]);
    expect(backoff(3, () => 0)).toBeLessThan(backoff(3, () => 1));
  });
});
