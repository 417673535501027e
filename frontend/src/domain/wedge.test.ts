import { Vector3 } from 'three';
import { describe, expect, it } from 'vitest';

import type { Osteotomy, PlanDocument } from './plan';
import { FRESH } from './planRequest';
import { bandAt, gapAt, gapsAt, liveDegrees, wedgeMotion, wedgeSize } from './wedge';

// A left knee: medial is the patient's right (-x). The hinge lies laterally, its axis runs front to back, and the
// medial side of the distal fragment must sink when it opens.
const osteotomy: Osteotomy = {
  kind: 'medial_opening_wedge',
  plane_point: [0, 0, -35],
  plane_normal: [0, 0, 1],
  hinge_point: [30, 0, -35],
  hinge_axis: [0, -1, 0],
  correction_deg: 10,
  gap_mm: gapAt(60, 10),
  gap_anterior_mm: gapAt(40, 10),
  gap_posterior_mm: gapAt(60, 10),
  cut_depth_mm: 60,
  medial_direction: [-1, 0, 0],
  start_point: [-30, 0, -35],
  lateral_cortex_mm: 8,
};

describe('the opening wedge', () => {
  it('follows the chord formula', () => {
    expect(gapAt(60, 10)).toBeCloseTo(10.459, 3);
    expect(gapAt(60, 0)).toBe(0);
  });

  it('moves the medial cortex by exactly the gap, and leaves the hinge alone', () => {
    const motion = wedgeMotion(osteotomy, 10);
    const medial = new Vector3(-30, 0, -35);
    const moved = medial.clone().applyMatrix4(motion);
    expect(moved.distanceTo(medial)).toBeCloseTo(gapAt(60, 10), 9);
    expect(moved.z).toBeLessThan(medial.z);
    const hinge = new Vector3(30, 17, -35);
    expect(hinge.clone().applyMatrix4(motion).distanceTo(hinge)).toBeCloseTo(0, 9);
  });

  it('is rigid', () => {
    expect(wedgeMotion(osteotomy, 13).determinant()).toBeCloseTo(1, 9);
  });

  it("rescales the server's gaps to another angle", () => {
    const gaps = gapsAt(osteotomy, 5);
    expect(gaps.medial).toBeCloseTo(gapAt(60, 5), 9);
    expect(gaps.anterior).toBeCloseTo(gapAt(40, 5), 9);
    expect(gapsAt(osteotomy, 10).medial).toBeCloseTo(osteotomy.gap_mm, 9);
  });

  it('starts from the cut depth where the document says nothing of the corners', () => {
    const flat = { ...osteotomy, correction_deg: 0, gap_mm: 0, gap_anterior_mm: 0, gap_posterior_mm: 0 };
    expect(gapsAt(flat, 8)).toEqual({ medial: gapAt(60, 8), anterior: null, posterior: null });
  });
});

describe('the band of a number', () => {
  const sure = { ...osteotomy, bands: { cut_depth_mm: [58, 63], gap_mm: [9, 12], correction_deg: null } };

  it('is what the server says, and nothing where it says nothing', () => {
    expect(bandAt(sure, 'cut_depth_mm', 60)).toEqual([58, 63]);
    expect(bandAt(sure, 'correction_deg', 10)).toBeNull();
    expect(bandAt(osteotomy, 'gap_mm', 10)).toBeNull();
  });

  it('moves with the slider and never below nothing', () => {
    const [low, high] = bandAt(sure, 'gap_mm', gapAt(60, 9)) ?? [];
    expect(low).toBeCloseTo(9 - (gapAt(60, 10) - gapAt(60, 9)), 9);
    expect(high).toBeCloseTo(12 - (gapAt(60, 10) - gapAt(60, 9)), 9);
    expect(bandAt(sure, 'gap_mm', 0)).toEqual([0, 12 - gapAt(60, 10)]);
  });

  it('of a closing wedge is the thickness of the bone that is taken out', () => {
    const closing: Osteotomy = { ...osteotomy, kind: 'lateral_closing_wedge', gap_mm: -10, bands: { gap_mm: [-12, -9] } };
    expect(bandAt(closing, 'gap_mm', 10)).toEqual([9, 12]);
  });
});

describe('the size of a wedge', () => {
  it('is the gap that opens, or the base that is taken out and never less than nothing', () => {
    expect(wedgeSize(osteotomy)).toEqual({ name: 'medial opening', mm: osteotomy.gap_mm });
    const closing = { ...osteotomy, kind: 'lateral_closing_wedge', gap_mm: -8.9, wedge_base_mm: 8.9 } as Osteotomy;
    expect(wedgeSize(closing)).toEqual({ name: 'lateral base', mm: 8.9 });
  });
});

describe('the picture before the server has answered', () => {
  const document = {
    osteotomy: { ...osteotomy, correction_deg: 8 },
    measures: { HKA: { before: 174, after: 182 }, WBL: { before: 20, after: 52 } },
  } as unknown as PlanDocument;

  it('turns by the degrees that were asked for, or by what a target comes to', () => {
    expect(liveDegrees({ ...FRESH, value: 11 }, null)).toBe(11);
    expect(liveDegrees({ ...FRESH, target: 'target_hka', value: 183 }, document)).toBeCloseTo(9, 6);
    expect(liveDegrees({ ...FRESH, target: 'target_wbl', value: 60 }, document)).toBeCloseTo(10, 6);
  });

  it('stays within what a wedge can do', () => {
    expect(liveDegrees({ ...FRESH, target: 'target_hka', value: 170 }, document)).toBe(0);
    expect(liveDegrees({ ...FRESH, target: 'target_mpta', value: 90 }, document)).toBe(0);
  });
});
