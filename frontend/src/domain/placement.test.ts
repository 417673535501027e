import { describe, expect, it } from 'vitest';

import { place, WHOLE, zoomAt } from './placement';

const image = { width: 200, height: 100 };
const pane = { width: 400, height: 400 };

describe('placing an image in its pane', () => {
  it('fits and centres, with pixel centres at whole numbers', () => {
    const { scale, left, top } = place(image, pane, WHOLE);
    expect(scale).toBe(2);
    // The left edge of the first pixel, at column -0.5, touches the pane's left edge.
    expect(left + -0.5 * scale).toBe(0);
    expect(top + -0.5 * scale).toBe(100);
    expect(left + 199.5 * scale).toBe(400);
  });

  it('keeps the point under the pointer while zooming', () => {
    const pointer = { x: 310, y: 220 };
    const before = place(image, pane, WHOLE);
    const view = zoomAt(WHOLE, pane, pointer, 3);
    const after = place(image, pane, view);
    const column = (pointer.x - before.left) / before.scale;
    const row = (pointer.y - before.top) / before.scale;
    expect(after.left + column * after.scale).toBeCloseTo(pointer.x, 9);
    expect(after.top + row * after.scale).toBeCloseTo(pointer.y, 9);
  });

  it('falls back to the whole image', () => {
    const zoomed = zoomAt(WHOLE, pane, { x: 10, y: 10 }, 4);
    expect(zoomAt(zoomed, pane, { x: 300, y: 10 }, 0.01)).toEqual(WHOLE);
  });
});
