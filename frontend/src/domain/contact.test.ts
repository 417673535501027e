import { describe, expect, it } from 'vitest';

import { type Deficiency, distance, hexToLinear, simulate, toLab } from './colour';
import { gapColour, gapGradient, SCALE_MM, TOLERANCE_MM } from './contact';

const hex = (rgb: readonly number[]): string => `#${rgb.map((c) => Math.round(c).toString(16).padStart(2, '0')).join('')}`;

describe('gaps as colour', () => {
  it('stays at its ends beyond the scale, also for what is no number', () => {
    const [from, to] = SCALE_MM;
    expect(gapColour(from - 5)).toEqual(gapColour(from));
    expect(gapColour(to + 5)).toEqual(gapColour(to));
    expect(gapColour(Number.NaN)).toEqual(gapColour(from));
  });

  it('is palest where the gap is the planned one', () => {
    const lightness = (error: number): number => toLab(hexToLinear(hex(gapColour(error))))[0];
    for (const error of [-1, -0.5, -0.2, 0.2, 0.5, 1, 1.5]) expect(lightness(0)).toBeGreaterThan(lightness(error));
  });

  it('tells too close from too far for every kind of eye', () => {
    const eyes = ['protan', 'deutan', 'tritan'] satisfies Deficiency[];
    const [close, far] = [hexToLinear(hex(gapColour(-TOLERANCE_MM))), hexToLinear(hex(gapColour(TOLERANCE_MM)))];
    for (const eye of eyes) expect(distance(toLab(simulate(close, eye)), toLab(simulate(far, eye)))).toBeGreaterThan(20);
  });

  it('draws its legend at the same places', () => {
    expect(gapGradient()).toBe(
      'linear-gradient(to right, #c2600f 0%, #e8a860 20%, #f4f0e6 40%, #9cc3df 60%, #2c5ea8 100%)',
    );
  });
});
