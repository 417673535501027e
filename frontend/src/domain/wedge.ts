/** The opening wedge in closed form, so that the slider never waits for the server. */
import { Matrix4, Vector3 } from 'three';

import type { Osteotomy, PlanDocument } from './plan';
import { clampTarget, type PlanState, TARGET_RANGES } from './planRequest';

const RADIANS = Math.PI / 180;

/** Opening at distance `depth` from the hinge: the chord h = 2 L sin(a / 2), millimetres. */
export function gapAt(depth: number, degrees: number): number {
  return 2 * depth * Math.sin((degrees * RADIANS) / 2);
}

/**
 * The rigid motion of the distal fragment: a right-hand rotation by `degrees` about the hinge axis through the
 * hinge point, in patient millimetres.
 */
export function wedgeMotion(
  osteotomy: Pick<Osteotomy, 'hinge_point' | 'hinge_axis'>,
  degrees: number,
): Matrix4 {
  const hinge = new Vector3().fromArray(osteotomy.hinge_point);
  const axis = new Vector3().fromArray(osteotomy.hinge_axis).normalize();
  return new Matrix4()
    .makeTranslation(hinge.x, hinge.y, hinge.z)
    .multiply(new Matrix4().makeRotationAxis(axis, degrees * RADIANS))
    .multiply(new Matrix4().makeTranslation(-hinge.x, -hinge.y, -hinge.z));
}

export interface Gaps {
  readonly medial: number;
  readonly anterior: number | null;
  readonly posterior: number | null;
}

/**
 * Openings at another correction than the document's. The depth of each corner is what the server's own gap at
 * the document's angle implies; the medial one is the cut depth itself.
 */
export function gapsAt(osteotomy: Osteotomy, degrees: number): Gaps {
  const unit = gapAt(1, osteotomy.correction_deg);
  const corner = (gap: number | null | undefined): number | null =>
    gap == null || unit < 1e-9 ? null : gapAt(gap / unit, degrees);
  const medial = unit < 1e-9 ? osteotomy.cut_depth_mm : osteotomy.gap_mm / unit;
  return {
    medial: gapAt(medial, degrees),
    anterior: corner(osteotomy.gap_anterior_mm),
    posterior: corner(osteotomy.gap_posterior_mm),
  };
}

/**
 * The 90 % band of a number of the osteotomy, moved with the number while the slider runs ahead of the server; sizes
 * without sign. Null where nothing is in doubt, and in documents that are older than their bands.
 */
export function bandAt(osteotomy: Osteotomy, name: keyof Osteotomy & string, shown: number | null): [number, number] | null {
  const [low, high] = osteotomy.bands?.[name] ?? [];
  const planned = osteotomy[name];
  if (low === undefined || high === undefined || shown === null || typeof planned !== 'number') return null;
  const [near, far] = planned < 0 ? [-high, -low] : [low, high];
  const moved = shown - Math.abs(planned);
  return [Math.max(0, near + moved), Math.max(0, far + moved)];
}

/** What counts of a wedge, and its height in millimetres: the gap that opens medially, or the base that is taken out. */
export function wedgeSize(osteotomy: Osteotomy): { name: string; mm: number } {
  const { kind, gap_mm: gap, wedge_base_mm: base } = osteotomy;
  // The gaps of a closing wedge are negative: bone is lost there.
  return kind === 'lateral_closing_wedge' ? { name: 'lateral base', mm: base ?? -gap } : { name: 'medial opening', mm: gap };
}

/** Change of a measure by one degree of correction, where no document tells: of the WBL some 4 % (knee of 75 mm). */
const PER_DEGREE = { WBL: 4, HKA: 1, mMPTA: 1 } as const;

/**
 * The correction that a target comes to, degrees, before the server has answered: along the line through the
 * measure before and after the correction of the newest document. The server's own answer replaces it at once.
 */
export function liveDegrees(state: PlanState, document: PlanDocument | null): number {
  const { measure: name } = TARGET_RANGES[state.target];
  if (name === null) return state.value;
  const measure = document?.measures[name];
  if (!document || !measure) return 0;
  const made = document.osteotomy.correction_deg;
  const slope = made > 0.5 ? (measure.after - measure.before) / made : PER_DEGREE[name];
  return clampTarget('correction_deg', made + (state.value - measure.after) / slope);
}
