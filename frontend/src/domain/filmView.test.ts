import { describe, expect, it } from 'vitest';

import { markAt, toFilm, toScreen, viewAt } from './filmView';
import { place, WHOLE } from './placement';

const SHOWN = { width: 1000, height: 1900 };
const PANE = { width: 800, height: 600 };
const placement = place(SHOWN, PANE, WHOLE);

describe('a film on the screen', () => {
  it('goes to the screen and back, however many of its pixels one stands for', () => {
    for (const reduction of [1, 2, 3]) {
      const there = toScreen([412.5, 1300], placement, reduction);
      const [column, row] = toFilm(there, placement, reduction);
      expect(column).toBeCloseTo(412.5, 9);
      expect(row).toBeCloseTo(1300, 9);
    }
    // The middle of the first block of two by two lies between its pixels.
    expect(toScreen([0.5, 0.5], placement, 2)).toEqual({ x: placement.left, y: placement.top });
  });

  it('gives the hand the nearest mark within reach', () => {
    const points = { talus_medial: [480, 1800], talus_lateral: [520, 1800] } as const;
    const near = toScreen([490, 1800], placement, 1);
    expect(markAt(points, near, placement, 1, 20)).toBe('talus_medial');
    expect(markAt(points, near, placement, 1, 1)).toBeNull();
    expect(markAt({}, near, placement, 1, 1000)).toBeNull();
  });

  it('brings a place into the middle and enlarges it', () => {
    const mark = [480, 1800] as const;
    const view = viewAt(WHOLE, toScreen(mark, placement, 1), PANE, 4);
    const there = toScreen(mark, place(SHOWN, PANE, view), 1);
    expect(view.zoom).toBe(4);
    expect(there.x).toBeCloseTo(400, 6);
    expect(there.y).toBeCloseTo(300, 6);
    const again = viewAt({ ...view, x: view.x + 90 }, { x: 490, y: 300 }, PANE, 2);
    expect(again.zoom).toBe(4);
    expect(again.x).toBeCloseTo(view.x, 6);
  });
});
