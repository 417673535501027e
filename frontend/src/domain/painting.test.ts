import { describe, expect, it } from 'vitest';

import { farEnough, paintedOver, paintingWords, type Stroke, strokesOf } from './painting';

const stroke = (x: number, radius = 5, add = true): Stroke => ({ centre: [x, 0, 0], radius_mm: radius, add });

describe('painting', () => {
  it('keeps the order and drops what is painted over', () => {
    const first = paintedOver([], [stroke(0), stroke(3)]);
    expect(first).toHaveLength(2);
    const over = paintedOver(first, [stroke(1, 8, false)]);
    expect(over).toEqual([stroke(1, 8, false)]);
    expect(paintedOver(first, [stroke(20)])).toEqual([stroke(0), stroke(3), stroke(20)]);
    expect(first).toHaveLength(2);
  });

  it('sets a stroke down after half a radius', () => {
    expect(farEnough(undefined, [0, 0, 0], 5)).toBe(true);
    expect(farEnough(stroke(0), [2, 0, 0], 5)).toBe(false);
    expect(farEnough(stroke(0), [2, 1.6, 0], 5)).toBe(true);
  });

  it('begins with what the design on the screen was painted with', () => {
    expect(strokesOf(null)).toEqual([]);
    expect(strokesOf({ report: {} })).toEqual([]);
    expect(strokesOf({ report: { painting: [stroke(1)] } })).toEqual([stroke(1)]);
  });

  it('says what was painted', () => {
    expect(paintingWords([])).toBe('Nothing is painted');
    expect(paintingWords([stroke(0), stroke(9), stroke(4, 5, false)])).toBe('2 strokes add contact, 1 stroke takes contact away');
  });
});
