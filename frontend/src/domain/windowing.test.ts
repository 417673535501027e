import { describe, expect, it } from 'vitest';

import { drag, grey, limit, sameWindow } from './windowing';

const start = { center: 30000, width: 20000 };

describe('window and level', () => {
  it('maps the edges of the window to black and white', () => {
    expect(grey(20000, start)).toBe(0);
    expect(grey(40000, start)).toBe(1);
    expect(grey(30000, start)).toBe(0.5);
    expect(grey(0, start)).toBe(0);
    expect(grey(65535, start)).toBe(1);
  });

  it('widens to the right and brightens upwards', () => {
    expect(drag(start, 180, 0).width).toBe(40000);
    expect(drag(start, -180, 0).width).toBe(10000);
    const brighter = drag(start, 0, -36);
    expect(brighter.center).toBeLessThan(start.center);
    expect(grey(30000, brighter)).toBeGreaterThan(grey(30000, start));
  });

  it('returns to the start when the pointer does', () => {
    expect(sameWindow(drag(start, 0, 0), start)).toBe(true);
  });

  it('never leaves the range of the data', () => {
    expect(limit({ center: -5, width: 0 })).toEqual({ center: 0, width: 16 });
    expect(drag(start, 1e4, 1e6)).toEqual({ center: 65535, width: 131070 });
  });
});
