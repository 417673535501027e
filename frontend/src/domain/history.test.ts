import { describe, expect, it } from 'vitest';

import { begin, redo, step, undo } from './history';

describe('undo and redo', () => {
  it('walks back and forth', () => {
    const history = step(step(begin(8), 9), 10);
    expect(undo(history).present).toBe(9);
    expect(undo(undo(history)).present).toBe(8);
    expect(undo(undo(undo(history))).present).toBe(8);
    expect(redo(undo(history)).present).toBe(10);
    expect(redo(history)).toBe(history);
  });

  it('forgets the undone future after a new step', () => {
    const branched = step(undo(step(begin(8), 9)), 7);
    expect(redo(branched).present).toBe(7);
  });

  it('does not record the same value twice', () => {
    const history = begin(8);
    expect(step(history, 8)).toBe(history);
  });
});
