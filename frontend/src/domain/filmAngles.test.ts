import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { filmAngles, filmLines, isMirrored } from './filmAngles';
import { FILM_POINTS, isComplete, nextPoint, readPoints, usualPlace, withoutPoint, withPoint } from './filmPoints';

interface Example {
  name: string;
  side: 'L' | 'R';
  pixel_spacing: number[];
  mirrored: boolean;
  points: Record<string, number[]>;
  angles: Record<'HKA' | 'JLCA' | 'mLDFA' | 'mMPTA', number>;
}

// The engine's own table: `tests/guides/test_film_reading.py` measures the same examples.
const EXAMPLES = JSON.parse(readFileSync('../tests/film_examples.json', 'utf8')) as Example[];
const [hand] = EXAMPLES as [Example];
const points = readPoints(hand.points);
const FILM = { columns: 1000, rows: 1900 };

describe('the angles of a film', () => {
  it.each(EXAMPLES)('are those of the engine: $name', (example) => {
    const given = readPoints(example.points);
    expect(isComplete(given)).toBe(true);
    const found = filmAngles(given, example.pixel_spacing);
    for (const name of ['HKA', 'JLCA', 'mLDFA', 'mMPTA'] as const) expect(found[name]).toBeCloseTo(example.angles[name], 1.9);
    expect(isMirrored(given, example.pixel_spacing, example.side)).toBe(example.mirrored);
  });

  it('appear one after another, as their points do', () => {
    expect(filmAngles({}, [1, 1])).toEqual({ HKA: null, JLCA: null, mLDFA: null, mMPTA: null });
    const tibia = withoutPoint(withoutPoint(points, 'femoral_notch'), 'femur_medial_distal');
    const found = filmAngles(tibia, [1, 1]);
    expect(found.mMPTA).toBeCloseTo(hand.angles.mMPTA, 1.9);
    expect([found.HKA, found.JLCA, found.mLDFA]).toEqual([null, null, null]);
    expect(isMirrored(withoutPoint(points, 'tibial_spines'), [1, 1], 'L')).toBeNull();
  });

  it('are none where points say nothing', () => {
    const line = withPoint(points, 'femoral_head_2', [440, 100], FILM);
    expect(filmAngles(line, [1, 1]).HKA).toBeNull();
    expect(filmAngles(line, [1, 1]).JLCA).toBeCloseTo(hand.angles.JLCA, 1.9);
    const ankle = { ...points, tibial_spines: [500, 1800] as const };
    expect(filmAngles(ankle, [1, 1])).toEqual({ HKA: null, JLCA: null, mLDFA: null, mMPTA: null });
  });

  it('are drawn where they are measured', () => {
    const { head, femur, tibia } = filmLines(points, [1, 1]);
    expect(head?.centre[0]).toBeCloseTo(440, 9);
    expect(head?.centre[1]).toBeCloseTo(100, 9);
    expect(head?.radii[0]).toBeCloseTo(50, 9);
    expect(femur?.[1]).toEqual([500, 960]);
    expect(tibia).toEqual([[500, 1000], [500, 1800]]);
    // Pixels half as wide as high: the circle is twice as wide in pixels.
    const flat = filmLines(readPoints(EXAMPLES[3]?.points), [0.3, 0.15]);
    expect(flat.head?.radii[0]).toBeCloseTo(100, 6);
    expect(flat.head?.radii[1]).toBeCloseTo(50, 6);
  });
});

describe('the points of a film', () => {
  it('come in their order, and one that was taken back comes again', () => {
    expect(nextPoint({})).toBe('femoral_head_1');
    expect(nextPoint(points)).toBeNull();
    expect(nextPoint(withoutPoint(points, 'femoral_notch'))).toBe('femoral_notch');
    expect(nextPoint(withoutPoint(points, 'femoral_notch'), 'plateau_medial')).toBe('femoral_notch');
    expect(withoutPoint({}, 'femoral_notch')).toEqual({});
  });

  it('stay on the film', () => {
    expect(withPoint({}, 'talus_medial', [-5, 1e4], FILM)).toEqual({ talus_medial: [0, 1899] });
    expect(withPoint({}, 'talus_medial', [1.2345, 2], FILM)).toEqual({ talus_medial: [1.23, 2] });
  });

  it('are read only where they are places', () => {
    for (const nothing of [null, 'text', { talus_medial: [1] }, { talus_medial: ['a', 2] }, { nose: [1, 2] }]) expect(readPoints(nothing)).toEqual({});
    expect(readPoints({ talus_medial: [1, 2, 3] })).toEqual({ talus_medial: [1, 2] });
  });

  it('begin about where a leg has them, on the side of the leg', () => {
    const wide = { columns: 1500, rows: 2500 };
    const [left] = usualPlace('femoral_notch', {}, wide, { side: 'L', mirrored: false });
    const [right] = usualPlace('femoral_notch', {}, wide, { side: 'R', mirrored: false });
    const [mirrored] = usualPlace('femoral_notch', {}, wide, { side: 'L', mirrored: true });
    expect(left).toBeGreaterThan(750);
    expect(right).toBeLessThan(750);
    expect(mirrored).toBe(right);
    // All usual places together are a leg, and not a mirrored one.
    const whole = FILM_POINTS.reduce((found, { name }) => withPoint(found, name, usualPlace(name, found, wide, { side: 'L', mirrored: false }), wide), {});
    expect(isMirrored(whole, [1, 1], 'L')).toBe(false);
  });
});
