import { Vector3 } from 'three';

import type { Osteotomy, SecondCut } from '../../domain/plan';
import { wedgeMotion } from '../../domain/wedge';
import { cutSolid, type Solid } from '../solid';

/** A part of the cut tibia. */
export interface Piece {
  readonly solid: Solid;
  /** Whether it turns with the distal fragment. */
  readonly distal: boolean;
  /** Whether it lies below the first cut, where the axial view looks onto it. */
  readonly below: boolean;
}

const vector = (point: readonly number[]): Vector3 => new Vector3().fromArray(point);

/**
 * The tibia as the saw leaves it. The second cut takes the tuberosity to the fragment that keeps it; a closing wedge
 * loses what lies between its two planes at `degrees`.
 */
export function piecesOf(tibia: Solid, osteotomy: Osteotomy, degrees: number): Piece[] {
  const [point, normal] = [vector(osteotomy.plane_point), vector(osteotomy.plane_normal)];
  const above = cutSolid(tibia, point, normal);
  const below = cutSolid(tibia, point, normal.clone().negate());
  if (osteotomy.kind === 'lateral_closing_wedge') {
    const lower = normal.clone().transformDirection(wedgeMotion(osteotomy, -degrees));
    return [
      { solid: above, distal: false, below: false },
      { solid: cutSolid(below, vector(osteotomy.hinge_point), lower.negate()), distal: true, below: true },
    ];
  }
  if (osteotomy.ascending) {
    const [tubercle, rest] = halves(above, osteotomy.ascending);
    return [
      { solid: rest, distal: false, below: false },
      { solid: tubercle, distal: true, below: false },
      { solid: below, distal: true, below: true },
    ];
  }
  if (osteotomy.descending) {
    const [tubercle, rest] = halves(below, osteotomy.descending);
    return [
      { solid: above, distal: false, below: false },
      { solid: tubercle, distal: false, below: true },
      { solid: rest, distal: true, below: true },
    ];
  }
  return [
    { solid: above, distal: false, below: false },
    { solid: below, distal: true, below: true },
  ];
}

/** What lies in front of the second cut, and what lies behind it. */
function halves(solid: Solid, cut: SecondCut): [Solid, Solid] {
  const [point, forwards] = [vector(cut.plane_point), vector(cut.plane_normal)];
  return [cutSolid(solid, point, forwards), cutSolid(solid, point, forwards.clone().negate())];
}

/** Pieces stay as they are while only the angle changes, except where the angle moves the second plane. */
export function piecesKey(osteotomy: Osteotomy, degrees: number): string {
  const closing = osteotomy.kind === 'lateral_closing_wedge';
  return JSON.stringify([
    osteotomy.plane_point,
    osteotomy.plane_normal,
    osteotomy.ascending ?? osteotomy.descending ?? null,
    closing && [osteotomy.hinge_point, osteotomy.hinge_axis, degrees],
  ]);
}
