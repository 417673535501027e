import { BoxGeometry } from 'three';
import { describe, expect, it } from 'vitest';

import type { Osteotomy } from '../../domain/plan';
import { solidOf, volumeOf } from '../solid';
import { bladesOf, piecesOf, sameBlades } from './pieces';

// A tibia as a block: x from medial (-40) to lateral (40), y from front (-25) to back (25), z up.
const tibia = solidOf(new BoxGeometry(80, 50, 120));
const cut = {
  plane_point: [0, 0, 10],
  plane_normal: [0, 0, 1],
  hinge_point: [30, 0, 10],
  hinge_axis: [0, -1, 0],
  correction_deg: 10,
} as unknown as Osteotomy;
const second = { plane_point: [0, -13, 10], plane_normal: [0, -1, 0], angle_deg: 90, tuberosity_thickness_mm: 12 };

const volume = (osteotomy: Osteotomy, degrees = 10): number[] => piecesOf(tibia, bladesOf(osteotomy, degrees)).map(({ solid }) => volumeOf(solid));

describe('the pieces of the tibia', () => {
  it('are all of the bone in an opening wedge, with one cut or with two', () => {
    expect(volume(cut)).toEqual([expect.closeTo(80 * 50 * 50, 0), expect.closeTo(80 * 50 * 70, 0)]);
    const whole = 80 * 50 * 120;
    for (const osteotomy of [{ ...cut, ascending: second }, { ...cut, descending: second }] as Osteotomy[]) {
      expect(volume(osteotomy).reduce((sum, one) => sum + one)).toBeCloseTo(whole, 0);
    }
  });

  it('give the tuberosity to the fragment that keeps it', () => {
    const [, tubercle] = piecesOf(tibia, bladesOf({ ...cut, ascending: second } as Osteotomy, 10));
    expect(tubercle).toMatchObject({ distal: true, below: false });
    expect(tubercle && volumeOf(tubercle.solid)).toBeCloseTo(80 * 12 * 50, 0);
    expect(piecesOf(tibia, bladesOf({ ...cut, descending: second } as Osteotomy, 10))[1]).toMatchObject({ distal: false, below: true });
  });

  it('lose the wedge of a closing osteotomy, and no more', () => {
    // The hinge lies medially, and the wedge between it and the lateral cortex is taken out.
    const closing = { ...cut, kind: 'lateral_closing_wedge', hinge_point: [-30, 0, 10] } as Osteotomy;
    const lost = 80 * 50 * 120 - volume(closing).reduce((sum, one) => sum + one);
    expect(lost).toBeCloseTo((70 ** 2 / 2) * Math.tan((10 * Math.PI) / 180) * 50, 0);
    const [, distal] = piecesOf(tibia, bladesOf(closing, 10));
    let highest = -Infinity;
    for (const vertex of distal?.solid.triangles ?? []) highest = Math.max(highest, distal?.solid.positions[3 * vertex + 2] ?? 0);
    expect(highest).toBeCloseTo(10, 4);
  });

  it('are cut again only where the angle moves a plane', () => {
    expect(sameBlades(bladesOf(cut, 5), bladesOf(cut, 6), true)).toBe(true);
    const closing = { ...cut, kind: 'lateral_closing_wedge' } as Osteotomy;
    expect(sameBlades(bladesOf(closing, 5), bladesOf(closing, 5.5), false)).toBe(false);
    expect(sameBlades(bladesOf(cut, 5), bladesOf(closing, 5), false)).toBe(false);
    const [rising, falling] = [{ ...cut, ascending: second }, { ...cut, descending: second }] as Osteotomy[];
    expect(sameBlades(bladesOf(rising as Osteotomy, 5), bladesOf(falling as Osteotomy, 5), false)).toBe(false);
  });

  it('are not cut again for a hair while the plan is under way, and to the last digit once it is there', () => {
    const moved = (by: number): Osteotomy => ({ ...cut, ascending: { ...second, plane_point: [0, -13 + by, 10] } }) as Osteotomy;
    expect(sameBlades(bladesOf(moved(0), 5), bladesOf(moved(0.05), 5), false)).toBe(true);
    expect(sameBlades(bladesOf(moved(0), 5), bladesOf(moved(0.05), 5), true)).toBe(false);
    expect(sameBlades(bladesOf(moved(0), 5), bladesOf(moved(0.5), 5), false)).toBe(false);
  });
});
