import { Plane, Vector3 } from 'three';

import type { Point } from '../domain/plan';

/** Where a guide can be cut open to be looked into: through the slot from end to end, or along it. */
export const SECTIONS = ['across', 'along'] as const;
export type SectionName = (typeof SECTIONS)[number];

export interface Slot {
  point: Point;
  direction: Point;
  normal: Point;
  along: Point;
}

export interface Section {
  name: SectionName;
  /** From the middle of the slot, mm. */
  offset: number;
}

/** How far a section can be moved to either side, mm. */
export const SECTION_REACH: Record<SectionName, number> = { across: 25, along: 40 };

/** Unit normal that points to whoever looks at the cut. */
export function sectionNormal(slot: Slot, name: SectionName): Vector3 {
  // `along` runs from one end of the slot to the other, `normal` towards the joint.
  return new Vector3().fromArray(name === 'across' ? slot.along : slot.normal).normalize();
}

/** What lies behind this plane, seen from the end of its normal, stays. */
export function sectionPlane(slot: Slot, { name, offset }: Section): Plane {
  const normal = sectionNormal(slot, name);
  const point = new Vector3().fromArray(slot.point).addScaledVector(normal, offset);
  return new Plane().setFromNormalAndCoplanarPoint(normal.clone().negate(), point);
}
