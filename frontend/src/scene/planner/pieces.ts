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

/** A plane in patient millimetres. */
interface Blade {
  readonly point: Vector3;
  readonly normal: Vector3;
}

/** The planes that cut the tibia. */
export interface Blades {
  /** Its normal points to the proximal side. */
  readonly first: Blade;
  /** The lower cut of a closing wedge: what lies between the two is taken out. */
  readonly lower: Blade | null;
  /** Behind the tuberosity, its normal to the front; it rises from the first cut, or falls from it. */
  readonly second: (Blade & { readonly rises: boolean }) | null;
}

/** While a plan is under way, pieces stay as they are where no plane has moved by more: mm, and sine of an angle. */
const TOLERANCE = { mm: 0.1, turned: 0.002 } as const;
const EXACT = { mm: 1e-4, turned: 1e-6 } as const;

/** The planes of an osteotomy; the angle moves only the lower one. */
export function bladesOf(osteotomy: Osteotomy, degrees: number): Blades {
  const first = blade(osteotomy.plane_point, osteotomy.plane_normal);
  const tubercle: SecondCut | null = osteotomy.ascending ?? osteotomy.descending ?? null;
  if (osteotomy.kind === 'lateral_closing_wedge') {
    const normal = first.normal.clone().transformDirection(wedgeMotion(osteotomy, -degrees));
    return { first, lower: { point: new Vector3().fromArray(osteotomy.hinge_point), normal }, second: null };
  }
  const second = tubercle && { ...blade(tubercle.plane_point, tubercle.plane_normal), rises: osteotomy.ascending != null };
  return { first, lower: null, second };
}

/** Whether two cuts are the same: to the last digit, or as nearly as no eye can tell. */
export function sameBlades(one: Blades, other: Blades, exact: boolean): boolean {
  const { mm, turned } = exact ? EXACT : TOLERANCE;
  const same = (a: Blade | null, b: Blade | null): boolean =>
    a === null || b === null ? a === b : a.point.distanceTo(b.point) <= mm && a.normal.distanceTo(b.normal) <= turned;
  return (
    same(one.first, other.first) &&
    same(one.lower, other.lower) &&
    same(one.second, other.second) &&
    one.second?.rises === other.second?.rises
  );
}

/**
 * The tibia as the saw leaves it. The second cut takes the tuberosity to the fragment that keeps it; a closing wedge
 * loses what lies between its two planes.
 */
export function piecesOf(tibia: Solid, { first, lower, second }: Blades): Piece[] {
  const [above, below] = halves(tibia, first);
  if (lower) {
    return [
      { solid: above, distal: false, below: false },
      { solid: cutSolid(below, lower.point, lower.normal.clone().negate()), distal: true, below: true },
    ];
  }
  if (second?.rises) {
    const [tubercle, rest] = halves(above, second);
    return [
      { solid: rest, distal: false, below: false },
      { solid: tubercle, distal: true, below: false },
      { solid: below, distal: true, below: true },
    ];
  }
  if (second) {
    const [tubercle, rest] = halves(below, second);
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

function blade(point: readonly number[], normal: readonly number[]): Blade {
  return { point: new Vector3().fromArray(point), normal: new Vector3().fromArray(normal) };
}

/** What lies on the side that the normal points to, and what lies on the other. */
function halves(solid: Solid, { point, normal }: Blade): [Solid, Solid] {
  return [cutSolid(solid, point, normal), cutSolid(solid, point, normal.clone().negate())];
}
