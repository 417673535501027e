import { describe, expect, it } from 'vitest';

import { PALETTE } from '../app/palette';
import { BONE_COLOURS, BONES } from './bones';
import { contrast, distance, hexToLinear, simulate, type Deficiency } from './colour';

describe('bone colours', () => {
  const pairs = BONES.flatMap((a, i) => BONES.slice(i + 1).map((b) => [a, b] as const));

  it.each(pairs)('%s and %s differ for every kind of eye', (a, b) => {
    const [first, second] = [hexToLinear(BONE_COLOURS[a]), hexToLinear(BONE_COLOURS[b])];
    expect(distance(first, second)).toBeGreaterThan(25);
    for (const deficiency of ['protan', 'deutan', 'tritan'] satisfies Deficiency[]) {
      expect(distance(simulate(first, deficiency), simulate(second, deficiency))).toBeGreaterThan(15);
    }
  });

  it('stand out from the dark viewport', () => {
    for (const bone of BONES) expect(contrast(BONE_COLOURS[bone], PALETTE.viewport)).toBeGreaterThan(3);
  });
});

describe('contrast of text (WCAG AA)', () => {
  it('knows black on white', () => expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5));

  for (const scheme of ['dark', 'light'] as const) {
    const colours = PALETTE[scheme];
    for (const ground of ['body', 'panel', 'raised'] as const) {
      for (const ink of ['text', 'dim', 'accent', 'look', 'stop'] as const) {
        it(`${scheme}: ${ink} on ${ground}`, () => {
          expect(contrast(colours[ink], colours[ground])).toBeGreaterThanOrEqual(4.5);
        });
      }
    }
  }
});
