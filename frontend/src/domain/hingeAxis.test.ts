import { Matrix4, Vector3 } from 'three';
import { describe, expect, it } from 'vitest';

import { AXIS_REACH_MM, axisGrip, clampSlope, slopeOfGrip } from './hingeAxis';
import type { PlanDocument } from './plan';
import { wedgeMotion } from './wedge';

/** A knee whose hinge lies laterally at 30 mm; medial is the patient's right on a left leg. */
function plan(side: 'L' | 'R', degrees = 10, slope = 0): PlanDocument {
  const lateral = side === 'L' ? 1 : -1;
  const at = (x: number) => ({ position: [x, 0, 0], provenance: 'auto' });
  return {
    side,
    technique: { slope_change_deg: slope },
    landmarks: { plateau_medial: at(-20 * lateral), plateau_lateral: at(20 * lateral) },
    osteotomy: {
      hinge_point: [30 * lateral, 0, -25],
      // A right-hand turn about it takes the ankle to lateral: forwards on a left leg, backwards on a right one.
      hinge_axis: [0, -lateral, 0],
      plane_normal: [0, 0, 1],
      medial_direction: [-lateral, 0, 0],
      correction_deg: degrees,
    },
  } as unknown as PlanDocument;
}

/** Where the grip is with the axis turned by so many degrees, seen from above. */
function turned(from: PlanDocument, degrees: number): number[] {
  const hinge = new Vector3().fromArray(from.osteotomy.hinge_point);
  const grip = axisGrip(from) as Vector3;
  return grip.sub(hinge).applyMatrix4(new Matrix4().makeRotationZ((degrees * Math.PI) / 180)).add(hinge).toArray();
}

/** By how much the shaft tilts backwards when it turns about the axis through a place, degrees: so much more slope. */
function tilted(from: PlanDocument, place: number[]): number {
  const hinge = new Vector3().fromArray(from.osteotomy.hinge_point);
  const sense = (from.osteotomy.hinge_axis[1] as number) > 0 ? -1 : 1;
  const axis = new Vector3().fromArray(place).sub(hinge).multiplyScalar(sense).toArray();
  const motion = wedgeMotion({ hinge_point: from.osteotomy.hinge_point, hinge_axis: axis }, from.osteotomy.correction_deg);
  const shaft = new Vector3(0, 0, -1).transformDirection(motion);
  return (Math.atan2(shaft.y, -shaft.z) * 180) / Math.PI;
}

describe('the grip of the hinge axis', () => {
  it('lies in front of the hinge on either leg', () => {
    for (const side of ['L', 'R'] as const) {
      const grip = axisGrip(plan(side)) as Vector3;
      expect(grip.y).toBeCloseTo(-AXIS_REACH_MM, 9);
    }
  });

  it('is not there where the correction is too small to change the slope', () => {
    expect(axisGrip(plan('L', 0.5))).toBeNull();
  });

  it('asks for the slope by which the shaft then tilts, on either leg and to either side', () => {
    for (const side of ['L', 'R'] as const) {
      for (const yaw of [-20, -9, 9, 20]) {
        const place = turned(plan(side), yaw);
        const asked = slopeOfGrip(plan(side), place) as number;
        expect(Math.abs(asked)).toBeGreaterThan(1);
        expect(Math.abs(asked - tilted(plan(side), place))).toBeLessThan(0.15);
      }
    }
  });

  it('adds to the slope that is asked for already, and stays within reach', () => {
    expect(slopeOfGrip(plan('L', 10, 2), turned(plan('L'), 0))).toBe(2);
    expect(Math.abs(slopeOfGrip(plan('L'), turned(plan('L'), 80)) as number)).toBe(4.5);
    expect(clampSlope(12)).toBe(10);
    expect(Object.is(clampSlope(-0.01), 0)).toBe(true);
  });

  it('knows no direction at the hinge itself', () => {
    expect(slopeOfGrip(plan('L'), [30, 1, -25])).toBeNull();
  });
});
