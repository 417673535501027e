/** Where landmarks and the lines of the leg go when the distal fragment turns: as the engine moves them. */
import { Matrix4, Vector3 } from 'three';

import type { BoneName } from './bones';
import type { PlanDocument, Point } from './plan';
import type { TuberositySide } from './planRequest';
import { wedgeMotion } from './wedge';

/** What a landmark goes with in a correction. */
export type Fragment = 'still' | 'distal' | 'patella';

const DISTAL = new Set(['ankle_center', 'tibia_shaft_proximal', 'tibia_shaft_distal']);

export function fragmentOf(name: string, tuberosity: TuberositySide): Fragment {
  if (DISTAL.has(name)) return 'distal';
  if (name === 'tuberosity' && tuberosity === 'distal') return 'distal';
  return name.startsWith('patella_') ? 'patella' : 'still';
}

/** The bones on whose surface a landmark lies; none for centres and axes, which lie inside or out of view. */
export function bonesUnder(name: string): readonly BoneName[] {
  if (/(center|shaft)/.test(name)) return [];
  if (name.startsWith('femur_')) return ['femur'];
  if (name.startsWith('patella_')) return ['patella'];
  if (name.startsWith('ptfj')) return ['tibia', 'fibula'];
  if (name.startsWith('fibula_')) return ['fibula'];
  return ['tibia'];
}

/** "Plateau medial, anterior" of `plateau_medial_anterior`. */
export function landmarkLabel(name: string): string {
  if (name in SPELT) return SPELT[name] as string;
  const [first = '', second, ...rest] = name.split('_');
  const bone = first.charAt(0).toUpperCase() + first.slice(1);
  return [[bone, second].filter(Boolean).join(' '), ...rest].join(', ');
}

const SPELT: Record<string, string> = {
  fibula_tip: 'Fibular tip',
  fibula_head_center: 'Centre of the fibular head',
  femur_notch: 'Femoral notch',
  tibia_knee_center: 'Tibial knee centre',
  femur_knee_center: 'Femoral knee centre',
  ankle_center: 'Ankle centre',
  hip_center: 'Hip centre',
  ptfj: 'Tibiofibular joint',
  ptfj_medial: 'Tibiofibular joint, medial end',
  ptfj_proximal: 'Tibiofibular joint, upper end',
  ptfj_distal: 'Tibiofibular joint, lower end',
};

export interface Motions {
  readonly distal: Matrix4;
  readonly patella: Matrix4;
  readonly still: Matrix4;
}

/**
 * The motion of each fragment at a correction of `degrees`. The patella is carried along by the tuberosity and does
 * not turn; the fibula is neither cut nor released and stays.
 */
export function motionsOf(document: PlanDocument, degrees: number): Motions {
  const distal = wedgeMotion(document.osteotomy, degrees);
  const patella = new Matrix4();
  const tubercle = document.landmarks.tuberosity?.position;
  if (tubercle && (document.technique?.tuberosity ?? 'distal') === 'distal') {
    const from = new Vector3().fromArray(tubercle);
    patella.setPosition(from.clone().applyMatrix4(distal).sub(from));
  }
  return { distal, patella, still: new Matrix4() };
}

export interface LegLines {
  /** Before and after the correction: the femur turns where the joint line is counted on to close. */
  readonly hip: readonly [Vector3, Vector3];
  readonly femoralKnee: Vector3;
  readonly tibialKnee: Vector3;
  /** Before and after the correction. */
  readonly ankle: readonly [Vector3, Vector3];
  /** Medial and lateral edge of the plateau. */
  readonly plateau: readonly [Vector3, Vector3];
}

/** Hip, knee and ankle as the long-leg film has them where there is one; null where the femur is not in view. */
export function legLines(document: PlanDocument, degrees: number): LegLines | null {
  const place = (name: string): Vector3 | null => {
    const found: Point | undefined = (document.long_film?.landmarks[name] ?? document.landmarks[name])?.position;
    return found ? new Vector3().fromArray(found) : null;
  };
  const [hip, femoralKnee, tibialKnee, ankle] = ['hip_center', 'femur_knee_center', 'tibia_knee_center', 'ankle_center'].map(place);
  const [medial, lateral] = ['plateau_medial_edge', 'plateau_lateral_edge'].map(place);
  if (!hip || !femoralKnee || !tibialKnee || !ankle || !medial || !lateral) return null;
  const moved = ankle.clone().applyMatrix4(wedgeMotion(document.osteotomy, degrees));
  const across = (place('plateau_medial') ?? medial).clone().sub(place('plateau_lateral') ?? lateral);
  const turned = closedJoint(document, degrees, { hip, femoralKnee, up: tibialKnee.clone().sub(moved), across });
  return { hip: [hip, turned], femoralKnee, tibialKnee, ankle: [ankle, moved], plateau: [medial, lateral] };
}

/**
 * The hip after the joint line has closed by what the plan counts on: the femur turns about the knee in the frontal
 * plane, as the engine's `turn_to_varus` does it.
 */
function closedJoint(
  document: PlanDocument,
  degrees: number,
  leg: { hip: Vector3; femoralKnee: Vector3; up: Vector3; across: Vector3 },
): Vector3 {
  const closing = document.jlca_compensation;
  if (!closing?.applied || degrees === 0) return leg.hip;
  const axis = leg.up.clone().cross(leg.across).normalize();
  return leg.hip.clone().sub(leg.femoralKnee).applyAxisAngle(axis, (-closing.deg * Math.PI) / 180).add(leg.femoralKnee);
}

/** Where the line from hip to ankle crosses the plateau in the frontal plane: 0 at its medial edge, 1 at the lateral. */
export function crossing(hip: Vector3, ankle: Vector3, [medial, lateral]: LegLines['plateau']): number {
  const across = (x: number, z: number): number => (x - hip.x) * (ankle.z - hip.z) - (z - hip.z) * (ankle.x - hip.x);
  const [a, b] = [across(medial.x, medial.z), across(lateral.x, lateral.z)];
  return a / (a - b);
}
