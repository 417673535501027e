/** Mesh files before they are sent: which bone a name speaks of, how large it is, whether it is closed. */
import type { MeshUnits } from '../api/types';
import { BONES, type BoneName } from './bones';

export const MESH_FORMATS = ['stl', 'obj', 'ply'] as const;
export type MeshFormat = (typeof MESH_FORMATS)[number];

export const MILLIMETRES: Record<MeshUnits, number> = { mm: 1, cm: 10, m: 1000, in: 25.4 };
export const UNIT_NAMES: Record<MeshUnits, string> = { mm: 'mm', cm: 'cm', m: 'm', in: 'inch' };

/** Longest way through a bone or a piece of it, mm; a little wider than what the server takes. */
const LONGEST: Record<BoneName, readonly [number, number]> = {
  patella: [26, 85],
  femur: [50, 650],
  fibula: [22, 540],
  tibia: [45, 570],
};

const WORDS: Record<BoneName, readonly string[]> = {
  patella: ['patella', 'kneecap'],
  femur: ['femur', 'femoral', 'thigh'],
  fibula: ['fibula'],
  tibia: ['tibia', 'tibial', 'shin'],
};

export function formatOf(name: string): MeshFormat | null {
  const ending = name.toLowerCase().split('.').at(-1);
  return MESH_FORMATS.find((format) => format === ending) ?? null;
}

/** The one bone that a name speaks of, as the server reads it. */
export function guessBone(name: string): BoneName | null {
  const text = name.toLowerCase();
  const named = BONES.filter((bone) => WORDS[bone].some((word) => text.includes(word)));
  return named.length === 1 ? (named[0] ?? null) : null;
}

export interface MeshSize {
  triangles: number;
  /** Longest way through, in the file's own unit. */
  longest: number;
  /** Edges that do not lie between two triangles; null where the mesh is too large to look. */
  openEdges: number | null;
}

const MOST_TRIANGLES = 250_000;

/** Measure triangles given as nine numbers each (three corners). */
export function measure(corners: ArrayLike<number>): MeshSize {
  const triangles = Math.floor(corners.length / 9);
  return {
    triangles,
    longest: longestWay(corners),
    openEdges: triangles <= MOST_TRIANGLES ? openEdges(corners, triangles) : null,
  };
}

function farthestFrom(corners: ArrayLike<number>, from: number): { at: number; squared: number } {
  let best = { at: from, squared: 0 };
  for (let i = 0; i + 2 < corners.length; i += 3) {
    let squared = 0;
    for (let axis = 0; axis < 3; axis++) squared += ((corners[i + axis] ?? 0) - (corners[from + axis] ?? 0)) ** 2;
    if (squared > best.squared) best = { at: i, squared };
  }
  return best;
}

function longestWay(corners: ArrayLike<number>): number {
  if (corners.length < 9) return 0;
  // Twice the farthest point from the last one: an end of the shape, then the end opposite.
  const end = farthestFrom(corners, 0);
  return Math.sqrt(farthestFrom(corners, end.at).squared);
}

function openEdges(corners: ArrayLike<number>, triangles: number): number {
  const ids = new Map<string, number>();
  const id = (at: number): number => {
    const key = `${corners[at]},${corners[at + 1]},${corners[at + 2]}`;
    const known = ids.get(key);
    if (known !== undefined) return known;
    ids.set(key, ids.size);
    return ids.size - 1;
  };
  const uses = new Map<number, number>();
  for (let t = 0; t < triangles; t++) {
    const [a, b, c] = [id(9 * t), id(9 * t + 3), id(9 * t + 6)];
    if (a === b || b === c || c === a) continue;
    for (const [p, q] of [[a, b], [b, c], [c, a]] as const) {
      const key = Math.min(p, q) * 67_108_864 + Math.max(p, q);
      uses.set(key, (uses.get(key) ?? 0) + 1);
    }
  }
  let open = 0;
  for (const count of uses.values()) if (count % 2 === 1) open++;
  return open;
}

export function fits(bone: BoneName, longest: number, unit: MeshUnits): boolean {
  const length = longest * MILLIMETRES[unit];
  return length >= LONGEST[bone][0] && length <= LONGEST[bone][1];
}

/** Units in which every bone has the size of a human one. */
export function fittingUnits(bones: readonly { bone: BoneName | null; longest: number }[]): MeshUnits[] {
  const named = bones.filter((one): one is { bone: BoneName; longest: number } => one.bone !== null && one.longest > 0);
  if (named.length === 0) return [];
  return (Object.keys(MILLIMETRES) as MeshUnits[]).filter((unit) =>
    named.every(({ bone, longest }) => fits(bone, longest, unit)),
  );
}
