/** What a person asks of a plan: target, technique, film, moved landmarks and cut. Every field can be undone. */
import { quantity } from './format';
import type { Point } from './plan';

export const TARGETS = ['correction_deg', 'target_wbl', 'target_hka', 'target_mpta'] as const;
export type TargetField = (typeof TARGETS)[number];

export type Kind = 'medial_opening_wedge' | 'lateral_closing_wedge';
export type TuberositySide = 'distal' | 'proximal';

export interface CutPoints {
  readonly start_point: Point;
  readonly hinge_point: Point;
}

export interface PlanState {
  readonly target: TargetField;
  readonly value: number;
  readonly kind: Kind;
  readonly tuberosity: TuberositySide;
  /** Wanted change of the medial slope, degrees; positive for more. */
  readonly slopeChange: number;
  readonly jlcaCompensation: boolean;
  /** Read on a weight-bearing long-leg film, degrees; null: there is none. */
  readonly longFilmHka: number | null;
  readonly longFilmJlca: number | null;
  /** What both were measured by; null where they were typed. */
  readonly filmReading: string | null;
  /** Where a person has put landmarks, patient millimetres; the others are where they were found. */
  readonly landmarks: Readonly<Record<string, Point>>;
  /** Where a person has put start and hinge of the cut; null leaves both to the engine. */
  readonly cut: CutPoints | null;
}

interface TargetRange {
  /** On the switch, and in full for readers of a screen. */
  readonly label: string;
  readonly name: string;
  readonly unit: string;
  readonly minimum: number;
  readonly maximum: number;
  readonly step: number;
  /** Where the slider begins when no plan says where the leg stands. */
  readonly start: number;
  /** The measure that is aimed at; null: the angle itself. */
  readonly measure: 'WBL' | 'HKA' | 'mMPTA' | null;
}

/** What can be aimed at, with the bounds that make sense on a slider. */
export const TARGET_RANGES: Record<TargetField, TargetRange> = {
  correction_deg: { label: 'Degrees', name: 'Correction in degrees', unit: 'deg', minimum: 0, maximum: 20, step: 0.5, start: 8, measure: null },
  target_wbl: { label: 'WBL', name: 'Weight-bearing line', unit: '%', minimum: 30, maximum: 80, step: 0.5, start: 62.5, measure: 'WBL' },
  target_hka: { label: 'HKA', name: 'Hip-knee-ankle angle', unit: 'deg', minimum: 170, maximum: 190, step: 0.5, start: 183, measure: 'HKA' },
  target_mpta: { label: 'MPTA', name: 'Medial proximal tibial angle', unit: 'deg', minimum: 80, maximum: 100, step: 0.5, start: 90, measure: 'mMPTA' },
};

export const FRESH: PlanState = {
  target: 'correction_deg',
  value: TARGET_RANGES.correction_deg.start,
  kind: 'medial_opening_wedge',
  tuberosity: 'distal',
  slopeChange: 0,
  jlcaCompensation: false,
  longFilmHka: null,
  longFilmJlca: null,
  filmReading: null,
  landmarks: {},
  cut: null,
};

/** Whatever was typed, within the bounds of its target and with one decimal. */
export function clampTarget(target: TargetField, value: number): number {
  const { minimum, maximum } = TARGET_RANGES[target];
  if (!Number.isFinite(value)) return minimum;
  return Math.min(maximum, Math.max(minimum, Math.round(value * 10) / 10));
}

/** The same plan, aimed at another measure: the slider stands where that measure comes to now. */
export function aimAt(state: PlanState, target: TargetField, reached: number | undefined): PlanState {
  if (target === state.target) return state;
  return { ...state, target, value: clampTarget(target, reached ?? TARGET_RANGES[target].start) };
}

/** Another technique; a closing wedge lies above the tuberosity, which stays with the distal fragment. */
export function withKind(state: PlanState, kind: Kind): PlanState {
  if (kind === state.kind) return state;
  // Start and hinge lie on opposite sides of the bone in the two techniques.
  return { ...state, kind, cut: null, tuberosity: kind === 'lateral_closing_wedge' ? 'distal' : state.tuberosity };
}

/** "Opening, distal, slope +2°": the technique on a button, with what differs from the usual. */
export function techniqueWords(state: PlanState): string {
  const words = [state.kind === 'lateral_closing_wedge' ? 'Closing' : `Opening, ${state.tuberosity}`];
  if (state.slopeChange !== 0) words.push(`slope ${state.slopeChange > 0 ? '+' : ''}${quantity(state.slopeChange, 'deg')}`);
  if (state.jlcaCompensation) words.push('JLCA');
  if (state.longFilmHka !== null || state.longFilmJlca !== null) words.push('film');
  return words.join(', ');
}

/** An angle of the film that was typed: what the film was measured as no longer holds, unless nothing changes. */
export function withTypedFilm(state: PlanState, angles: Partial<Pick<PlanState, 'longFilmHka' | 'longFilmJlca'>>): PlanState {
  const next = { ...state, ...angles };
  const same = next.longFilmHka === state.longFilmHka && next.longFilmJlca === state.longFilmJlca;
  return same ? state : { ...next, filmReading: null };
}

/** Both angles as they were measured on a film, with the decimal that people see. */
export function withMeasuredFilm(state: PlanState, reading: { id: string; angles: { HKA: number; JLCA: number } }): PlanState {
  // Never -0, which a server sends back as 0.
  const shown = (angle: number): number => Math.round(angle * 10) / 10 + 0;
  return { ...state, longFilmHka: shown(reading.angles.HKA), longFilmJlca: shown(reading.angles.JLCA), filmReading: reading.id };
}

export function withLandmark(state: PlanState, name: string, place: Point): PlanState {
  return { ...state, landmarks: { ...state.landmarks, [name]: rounded(place) } };
}

/** Back to where the landmark was found. */
export function withoutLandmark(state: PlanState, name: string): PlanState {
  if (!(name in state.landmarks)) return state;
  const { [name]: _, ...landmarks } = state.landmarks;
  return { ...state, landmarks };
}

export function withCut(state: PlanState, cut: CutPoints | null): PlanState {
  return { ...state, cut: cut && { start_point: rounded(cut.start_point), hinge_point: rounded(cut.hinge_point) } };
}

/**
 * A grip of the cut was dragged to `place`, by `moved` since it was taken hold of at `grabbed`: the start or the hinge
 * alone, which tilts the cut, or both, which shifts it.
 */
export function withGrip(state: PlanState, grip: string, place: Point, moved: Point, grabbed: CutPoints): PlanState {
  const along = (point: Point): Point => point.map((x, i) => x + (moved[i] ?? 0));
  const { start_point: start, hinge_point: hinge } = grabbed;
  if (grip === 'cut:start') return withCut(state, { start_point: place, hinge_point: hinge });
  if (grip === 'cut:hinge') return withCut(state, { start_point: start, hinge_point: place });
  return withCut(state, { start_point: along(start), hinge_point: along(hinge) });
}

/** A hundredth of a millimetre is far below what a hand or a network can place. */
function rounded(place: Point): Point {
  return place.map((x) => Math.round(x * 100) / 100);
}

/** Whether two states ask for the same plan. */
export function sameState(one: PlanState, other: PlanState): boolean {
  return JSON.stringify(ordered(one)) === JSON.stringify(ordered(other));
}

function ordered(state: PlanState): unknown[] {
  const { landmarks, cut, ...rest } = state;
  return [
    Object.entries(landmarks).sort(([a], [b]) => a.localeCompare(b)),
    cut && [cut.start_point, cut.hinge_point],
    Object.entries(rest).sort(([a], [b]) => a.localeCompare(b)),
  ];
}
