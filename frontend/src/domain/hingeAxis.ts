/** Turning the hinge axis within the cutting plane, which is how an osteotomy changes the slope. */
import { Vector3 } from 'three';

import type { PlanDocument, Point } from './plan';

/** How far in front of the hinge the grip of its axis is, mm. */
export const AXIS_REACH_MM = 32;
/** So large a correction turns the slope enough to be worth a grip, degrees. */
const LEAST_DEG = 1;
/** The engine refuses a wish for more, degrees. */
const MOST_SLOPE_DEG = 10;
/** Sine of the largest turn that is offered: the engine turns the axis by 30 degrees at most. */
const MOST_TURN = 0.45;
/** Nearer to the hinge a hand gives no direction, mm. */
const LEAST_REACH_MM = 5;

/** The grip of the hinge axis, on its anterior half; null where the correction is too small to change a slope. */
export function axisGrip({ osteotomy }: PlanDocument): Vector3 | null {
  if (osteotomy.correction_deg < LEAST_DEG) return null;
  return vector(osteotomy.hinge_point).addScaledVector(forwards(osteotomy.hinge_axis), AXIS_REACH_MM);
}

/**
 * The change of slope to ask for when the grip of the hinge axis is dragged to `place`, degrees; null where that gives
 * no direction.
 *
 * The distal fragment turns by the correction about the axis. What of that turn is about the line from right to left
 * takes the ankle backwards, which is more slope: the correction times the cosine between the two. The engine then
 * finds the axis that gives the slope exactly.
 */
export function slopeOfGrip(plan: PlanDocument, place: Point): number | null {
  const { osteotomy } = plan;
  const normal = vector(osteotomy.plane_normal);
  const out = vector(place).sub(vector(osteotomy.hinge_point)).projectOnPlane(normal);
  if (out.length() < LEAST_REACH_MM) return null;
  const change = out.normalize().sub(forwards(osteotomy.hinge_axis)).dot(leftwards(plan)) * osteotomy.correction_deg;
  // The axis itself may look backwards; the turn about it is the same way round.
  const wanted = (plan.technique?.slope_change_deg ?? 0) + change * senseOf(osteotomy.hinge_axis);
  const most = Math.min(MOST_SLOPE_DEG, MOST_TURN * osteotomy.correction_deg);
  return clampSlope(wanted, most);
}

/** A wish for a slope within what a correction can give, with one decimal; `most` in degrees. */
export function clampSlope(wanted: number, most = MOST_SLOPE_DEG): number {
  const kept = Math.min(most, Math.max(-most, wanted));
  return Math.round(kept * 10) / 10 + 0; // no minus before a zero
}

function vector(point: Point): Vector3 {
  return new Vector3().fromArray(point);
}

/** 1 where the axis looks to the front (-y), -1 where it looks to the back. */
function senseOf(axis: Point): number {
  return (axis[1] ?? 0) > 0 ? -1 : 1;
}

function forwards(axis: Point): Vector3 {
  return vector(axis).normalize().multiplyScalar(senseOf(axis));
}

/** Unit direction to the patient's left along the plateau. */
function leftwards({ side, landmarks, osteotomy }: PlanDocument): Vector3 {
  const [medial, lateral] = [landmarks.plateau_medial, landmarks.plateau_lateral];
  const inwards = medial && lateral ? vector(medial.position).sub(vector(lateral.position)) : vector(osteotomy.medial_direction);
  return inwards.normalize().multiplyScalar(side === 'L' ? -1 : 1);
}
