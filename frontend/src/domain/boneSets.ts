/** Bone sets of a case in words: where they come from, what they saw, how they were aligned. */
import type { BoneOrigin, BoneSet, CaseDetail, Comparison } from '../api/types';
import { number } from './format';

export const ORIGINS: Record<BoneOrigin, string> = {
  xray_network: 'X-ray network',
  ct_network: 'CT network',
  imported: 'Imported',
};

/** "Bones 2 · CT network". */
export function setLabel(set: BoneSet): string {
  return `Bones ${set.number} · ${ORIGINS[set.origin]}`;
}

/** The set that the case is planned on. */
export function currentSet(detail: Pick<CaseDetail, 'bone_sets' | 'current_bone_set'>): BoneSet | undefined {
  return detail.bone_sets.find((set) => set.id === detail.current_bone_set);
}

/** What the source of a set saw, as of the engine's report. */
export function seenWords(field: Record<string, unknown>): string {
  if (typeof field.cube_side_mm === 'number') return `${field.cube_side_mm} mm cube, where all X-rays see it`;
  const turned = Array.isArray(field.turned_boxes) ? (field.turned_boxes[0] as { box_mm?: unknown } | undefined) : undefined;
  const box = field.box_mm ?? turned?.box_mm;
  if (!isBox(box)) return 'not stated';
  if (box.flat().some((edge) => Math.abs(edge) >= UNLIMITED)) return 'whole bones, up to the ends of the shafts';
  const sides = [0, 1, 2].map((axis) => Math.abs((box[1][axis] ?? 0) - (box[0][axis] ?? 0)));
  return `${sides.map((side) => number(side, 0)).join(' × ')} mm${turned ? ', turned' : ''}`;
}

type Report = BoneSet['report'];

/** Whether the engine says not to trust the bones: what is expected of their error holds for knees that it knows. */
export function untrusted(report: Pick<Report, 'trust'>): boolean {
  return report.trust?.trusted === false;
}

/** How far each bone is expected to be off, as of the engine's report; empty where it does not say. */
export function uncertaintyWords(report: Pick<Report, 'uncertainty' | 'trust'>): string {
  const stated = Object.entries(report.uncertainty ?? {});
  if (stated.length === 0) return '';
  const each = stated.map(([bone, expected]) => `${bone} ${number(expected.mean_mm)} (95 %: ${number(expected.p95_mm)})`);
  return `${each.join(', ')} mm expected${untrusted(report) ? ', were this a knee that the network knows' : ''}`;
}

/** The report's word for no limit, mm. */
const UNLIMITED = 1e6;

function isBox(value: unknown): value is [number[], number[]] {
  return Array.isArray(value) && value.length === 2 && value.every((corner) => Array.isArray(corner));
}

/** In whose coordinates a set lies. */
export function frameWords(set: BoneSet, sets: readonly BoneSet[]): string {
  const onto = sets.find((other) => other.id === set.aligned_to);
  if (onto) return `Moved into that of bones ${onto.number}`;
  return set.frame === 'rig' ? 'That of the X-rays' : 'Its own';
}

export function comparisonOf(comparisons: readonly Comparison[], a: string, b: string): Comparison | undefined {
  return comparisons.find(
    (made) => (made.first === a && made.second === b) || (made.first === b && made.second === a),
  );
}
