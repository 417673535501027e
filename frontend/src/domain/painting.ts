/** Contact area that an engineer paints on the bone: strokes of a round brush, later ones over earlier ones. */
import type { components } from '../api/schema';

export type Stroke = components['schemas']['StrokeRequest'];

/** As many as the server reads. */
export const MOST_STROKES = 2000;
export const BRUSH_MM = { least: 2, most: 12, usual: 5 } as const;

/** A stroke of a drag is set down after this share of the brush's radius. */
const STEP = 0.5;

/** What a design was painted with; older designs were not. */
export function strokesOf(guide: { report: Record<string, unknown> } | null): Stroke[] {
  const painting = guide?.report.painting;
  return Array.isArray(painting) ? (painting as Stroke[]) : [];
}

function distance(a: readonly number[], b: readonly number[]): number {
  return Math.hypot(...[0, 1, 2].map((i) => (a[i] as number) - (b[i] as number)));
}

/** Whether a drag has come far enough for another stroke. */
export function farEnough(last: Stroke | undefined, centre: readonly number[], radius: number): boolean {
  return last === undefined || distance(last.centre, centre) >= STEP * radius;
}

/** Strokes with new ones over them; an earlier one of which nothing is left to see goes. */
export function paintedOver(strokes: readonly Stroke[], drawn: readonly Stroke[]): Stroke[] {
  let kept = [...strokes];
  for (const one of drawn) {
    kept = kept.filter((old) => distance(old.centre, one.centre) + old.radius_mm > one.radius_mm);
    kept.push(one);
  }
  return kept.slice(0, MOST_STROKES);
}

/** "2 strokes add contact, 1 stroke takes contact away". */
export function paintingWords(strokes: readonly Stroke[]): string {
  const added = strokes.filter((stroke) => stroke.add).length;
  const removed = strokes.length - added;
  const parts = [];
  if (added) parts.push(added === 1 ? '1 stroke adds contact' : `${added} strokes add contact`);
  if (removed) parts.push(removed === 1 ? '1 stroke takes contact away' : `${removed} strokes take contact away`);
  return parts.join(', ') || 'Nothing is painted';
}
