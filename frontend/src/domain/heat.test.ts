import { describe, expect, it } from 'vitest';

import { PALETTE } from '../app/palette';
import { contrast, type Deficiency, distance, hexToLinear, simulate, toLab } from './colour';
import { HEAT, heat, opacities, UNSEEN } from './heat';

describe('colour by distance', () => {
  it('begins and ends with the ends of the scale, and stays there beyond', () => {
    expect(heat(0, 5)).toEqual([0x3f, 0x6f, 0xb5]);
    expect(heat(5, 5)).toEqual([0xfb, 0xe7, 0x8a]);
    expect(heat(99, 5)).toEqual(heat(5, 5));
    expect(heat(-1, 5)).toEqual(heat(0, 5));
    expect(heat(Number.NaN, 5)).toEqual([0x6b, 0x71, 0x78]);
  });

  it('grows lighter all the way, for every kind of eye', () => {
    const scale = Array.from({ length: 21 }, (_, i) => heat(i, 20).map((c) => Math.round(c)));
    const hex = scale.map((rgb) => `#${rgb.map((c) => c.toString(16).padStart(2, '0')).join('')}`);
    const eyes = [null, 'protan', 'deutan', 'tritan'] satisfies (Deficiency | null)[];
    for (const eye of eyes) {
      const lightness = hex.map((colour) => {
        const linear = hexToLinear(colour);
        return toLab(eye ? simulate(linear, eye) : linear)[0];
      });
      expect(lightness.every((value, i) => i === 0 || value > (lightness[i - 1] ?? 0))).toBe(true);
    }
  });

  it('tells neighbours of the scale apart, and what was not seen from all of them', () => {
    HEAT.forEach((colour, i) => {
      const next = HEAT[i + 1];
      if (next) expect(distance(hexToLinear(colour), hexToLinear(next))).toBeGreaterThan(15);
      expect(distance(hexToLinear(colour), hexToLinear(UNSEEN))).toBeGreaterThan(15);
      expect(contrast(colour, PALETTE.viewport)).toBeGreaterThan(3);
    });
  });
});

describe('the slider between two sets', () => {
  it('shows one, both, the other', () => {
    expect(opacities(0)).toEqual({ first: 1, second: 0 });
    expect(opacities(0.5)).toEqual({ first: 1, second: 1 });
    expect(opacities(1)).toEqual({ first: 0, second: 1 });
    expect(opacities(0.25)).toEqual({ first: 1, second: 0.5 });
  });
});
