import { describe, expect, it } from 'vitest';

import { ago, bytes, duration, number, quantity, range } from './format';

describe('numbers as people read them', () => {
  it('writes signs plainly', () => {
    expect(number(-0.04)).toBe('0.0');
    expect(number(-1.26)).toBe('−1.3');
  });

  it('writes ranges that a minus sign does not blur', () => {
    expect(range([-4.2, -1], 'deg')).toBe('−4.2 to −1.0°');
    expect(range([48, 76], 'percent')).toBe('48 to 76 %');
    expect(range([0.81, 1.09], '')).toBe('0.81 to 1.09');
  });

  it('joins units as the field writes them', () => {
    expect(quantity(8, 'deg')).toBe('8.0°');
    expect(quantity(8, 'mm')).toBe('8.0 mm');
    expect(quantity(62.5, 'percent')).toBe('62.5 %');
  });

  it('keeps times short', () => {
    expect(duration(8.4)).toBe('8 s');
    expect(duration(150)).toBe('3 min');
    expect(duration(3900)).toBe('1 h 5 min');
    const now = new Date('2026-03-01T12:00:00Z');
    expect(ago('2026-03-01T11:59:40Z', now)).toBe('just now');
    expect(ago('2026-03-01T11:20:00Z', now)).toBe('40 min ago');
    expect(ago('2026-03-01T07:00:00Z', now)).toBe('5 h ago');
  });

  it('counts bytes', () => expect([bytes(900), bytes(2048), bytes(5.25 * 1024 ** 2)]).toEqual(['900 B', '2 KB', '5.3 MB']));
});
