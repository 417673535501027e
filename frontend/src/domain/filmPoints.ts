/** What is marked on a long-leg film, in the order in which it is placed; the engine's names. */

export const FILM_POINTS = [
  { name: 'femoral_head_1', label: 'Femoral head, first', hint: 'On the outline of the femoral head, above.' },
  { name: 'femoral_head_2', label: 'Femoral head, second', hint: 'On its outline, on the inner side, far from the first.' },
  { name: 'femoral_head_3', label: 'Femoral head, third', hint: 'On its outline, on the outer side or below; the circle must lie on the head.' },
  { name: 'femoral_notch', label: 'Intercondylar notch', hint: 'The top of the notch between the condyles: the knee centre of the femoral axis.' },
  { name: 'femur_medial_distal', label: 'Medial condyle', hint: 'The lowest point of the medial condyle; medial is the side of the other leg.' },
  { name: 'femur_lateral_distal', label: 'Lateral condyle', hint: 'The lowest point of the lateral condyle.' },
  { name: 'plateau_medial', label: 'Medial plateau', hint: 'The middle of the medial plateau, on its dense line.' },
  { name: 'plateau_lateral', label: 'Lateral plateau', hint: 'The middle of the lateral plateau, on its dense line.' },
  { name: 'tibial_spines', label: 'Tibial spines', hint: 'Midway between the two spines: the knee centre of the tibial axis.' },
  { name: 'talus_medial', label: 'Talar dome, medial', hint: 'The medial edge of the talar dome, on the joint line of the ankle.' },
  { name: 'talus_lateral', label: 'Talar dome, lateral', hint: 'The lateral edge of the talar dome; the ankle centre lies midway.' },
] as const;

export type FilmPointName = (typeof FILM_POINTS)[number]['name'];

/** Column and row in pixels of the film, the centre of its first pixel at (0, 0). */
export type FilmPlace = readonly [column: number, row: number];
export type FilmPoints = Readonly<Partial<Record<FilmPointName, FilmPlace>>>;

export const HEAD = ['femoral_head_1', 'femoral_head_2', 'femoral_head_3'] as const;

/** The first point that is not placed yet, after the given one if there is one; null where all are. */
export function nextPoint(points: FilmPoints, after?: FilmPointName): FilmPointName | null {
  const names = FILM_POINTS.map(({ name }) => name);
  const from = after ? names.indexOf(after) + 1 : 0;
  return [...names.slice(from), ...names.slice(0, from)].find((name) => !points[name]) ?? null;
}

export function isComplete(points: FilmPoints): points is Required<FilmPoints> {
  return nextPoint(points) === null;
}

export function withPoint(points: FilmPoints, name: FilmPointName, place: FilmPlace, film: { columns: number; rows: number }): FilmPoints {
  const inside = (x: number, size: number): number => Math.round(Math.min(size - 1, Math.max(0, x)) * 100) / 100;
  return { ...points, [name]: [inside(place[0], film.columns), inside(place[1], film.rows)] };
}

export function withoutPoint(points: FilmPoints, name: FilmPointName): FilmPoints {
  if (!points[name]) return points;
  const { [name]: _, ...rest } = points;
  return rest;
}

/** The points that were kept as text or that a server sent, as far as they are such. */
export function readPoints(given: unknown): FilmPoints {
  if (typeof given !== 'object' || given === null) return {};
  const found = FILM_POINTS.flatMap(({ name }) => {
    const place: unknown = (given as Record<string, unknown>)[name];
    const [column, row]: unknown[] = Array.isArray(place) ? place : [];
    return Number.isFinite(column) && Number.isFinite(row) ? [[name, [column, row]] as const] : [];
  });
  return Object.fromEntries(found) as FilmPoints;
}

/** How far down a film hip, knee and ankle usually are, and how far a mark lies from the middle of the leg. */
const USUAL: Record<FilmPointName, { down: number; medial: number }> = {
  femoral_head_1: { down: 0.09, medial: 0.02 },
  femoral_head_2: { down: 0.115, medial: 0.04 },
  femoral_head_3: { down: 0.115, medial: 0 },
  femoral_notch: { down: 0.51, medial: 0 },
  femur_medial_distal: { down: 0.53, medial: 0.025 },
  femur_lateral_distal: { down: 0.53, medial: -0.025 },
  plateau_medial: { down: 0.54, medial: 0.025 },
  plateau_lateral: { down: 0.54, medial: -0.025 },
  tibial_spines: { down: 0.535, medial: 0 },
  talus_medial: { down: 0.92, medial: 0.015 },
  talus_lateral: { down: 0.92, medial: -0.015 },
};

/** Where a point is first put by a key, to be moved from there: roughly where it usually is. */
export function usualPlace(
  name: FilmPointName,
  points: FilmPoints,
  film: { columns: number; rows: number },
  leg: { side: 'L' | 'R'; mirrored: boolean },
): FilmPlace {
  const onTheRight = (leg.side === 'L') !== leg.mirrored;
  const placed = Object.values(points).map(([column]) => column);
  // A film that is wide shows both legs.
  const lone = film.columns < film.rows * 0.3 ? 0.5 : onTheRight ? 0.7 : 0.3;
  const middle = placed.length > 0 ? placed.reduce((sum, x) => sum + x, 0) / placed.length : lone * film.columns;
  const { down, medial } = USUAL[name];
  return [middle + (onTheRight ? -1 : 1) * medial * film.rows, down * film.rows];
}
