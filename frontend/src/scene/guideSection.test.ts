import { Vector3 } from 'three';
import { describe, expect, it } from 'vitest';

import { sectionNormal, sectionPlane, type Slot } from './guideSection';

const SLOT: Slot = { point: [10, 0, -40], direction: [1, 0, 0], normal: [0, 0, 1], along: [0, -1, 0] };

describe('a section of a guide', () => {
  it('keeps what lies behind the cut as seen from the end of its normal', () => {
    const plane = sectionPlane(SLOT, { name: 'across', offset: 0 });
    const towards = sectionNormal(SLOT, 'across');
    const middle = new Vector3(...(SLOT.point as [number, number, number]));
    // three.js draws what has a positive distance to a clipping plane.
    expect(plane.distanceToPoint(middle.clone().addScaledVector(towards, 5))).toBeLessThan(0);
    expect(plane.distanceToPoint(middle.clone().addScaledVector(towards, -5))).toBeGreaterThan(0);
  });

  it('moves along its normal by the offset', () => {
    for (const name of ['across', 'along'] as const) {
      const plane = sectionPlane(SLOT, { name, offset: 7 });
      const on = new Vector3(...(SLOT.point as [number, number, number])).addScaledVector(sectionNormal(SLOT, name), 7);
      expect(plane.distanceToPoint(on)).toBeCloseTo(0);
    }
  });
});
