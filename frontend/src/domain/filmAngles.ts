/**
 * The angles of a long-leg film while its points are placed: the twin of `guides/measures/film_reading.py`, which
 * decides. Both are tested against `tests/film_examples.json`.
 */
import { type FilmPlace, type FilmPoints, HEAD } from './filmPoints';

interface Vector {
  readonly x: number;
  /** Upwards, against the rows. */
  readonly z: number;
}

export interface FilmAngles {
  readonly HKA: number | null;
  readonly JLCA: number | null;
  readonly mLDFA: number | null;
  readonly mMPTA: number | null;
}

const subtract = (a: Vector, b: Vector): Vector => ({ x: a.x - b.x, z: a.z - b.z });
const dot = (a: Vector, b: Vector): number => a.x * b.x + a.z * b.z;
const degrees = (radians: number): number => (radians * 180) / Math.PI;

/** Centre of the circle through three points; null where they tell none. */
function circleCentre(a: Vector, b: Vector, c: Vector): Vector | null {
  const [u, v] = [subtract(b, a), subtract(c, a)];
  const area = 2 * (u.x * v.z - u.z * v.x);
  if (Math.abs(area) < 1e-9) return null;
  const [uu, vv] = [dot(u, u), dot(v, v)];
  return { x: a.x + (v.z * uu - u.z * vv) / area, z: a.z + (u.x * vv - v.x * uu) / area };
}

/** Points and centres in the film's plane, in the unit of the spacing; null where points are missing. */
function landmarks(points: FilmPoints, [rowSpacing = 1, columnSpacing = 1]: readonly number[]) {
  const at = (place: FilmPlace | undefined): Vector | null => (place ? { x: place[0] * columnSpacing, z: -place[1] * rowSpacing } : null);
  const [one, two, three] = HEAD.map((name) => at(points[name]));
  const [inner, outer] = [at(points.talus_medial), at(points.talus_lateral)];
  return {
    hip: one && two && three ? circleCentre(one, two, three) : null,
    head: one ?? null,
    notch: at(points.femoral_notch),
    condyles: pair(at(points.femur_medial_distal), at(points.femur_lateral_distal)),
    plateau: pair(at(points.plateau_medial), at(points.plateau_lateral)),
    spines: at(points.tibial_spines),
    ankle: inner && outer ? { x: (inner.x + outer.x) / 2, z: (inner.z + outer.z) / 2 } : null,
  };
}

/** From lateral to medial. */
function pair(medial: Vector | null, lateral: Vector | null): Vector | null {
  return medial && lateral ? subtract(medial, lateral) : null;
}

/** The tibial axis upwards and the direction towards medial, square to it. */
function axes(leg: ReturnType<typeof landmarks>): { up: Vector; medial: Vector } | null {
  if (!leg.spines || !leg.ankle || !leg.plateau) return null;
  const up = subtract(leg.spines, leg.ankle);
  const across: Vector = { x: up.z, z: -up.x };
  const sign = Math.sign(dot(leg.plateau, across));
  if (sign === 0 || dot(up, up) === 0) return null;
  return { up, medial: { x: sign * across.x, z: sign * across.z } };
}

/** Each angle as soon as its points are there, degrees: HKA below 180 varus, JLCA positive when open laterally. */
export function filmAngles(points: FilmPoints, pixelSpacing: readonly number[]): FilmAngles {
  const leg = landmarks(points, pixelSpacing);
  const frame = axes(leg);
  if (!frame) return { HKA: null, JLCA: null, mLDFA: null, mMPTA: null };
  const lean = (vector: Vector): number => degrees(Math.atan2(dot(vector, frame.medial), dot(vector, frame.up)));
  const rise = (vector: Vector): number => degrees(Math.atan2(dot(vector, frame.up), dot(vector, frame.medial)));
  const femur = leg.hip && leg.notch ? lean(subtract(leg.hip, leg.notch)) : null;
  const condyles = leg.condyles && rise(leg.condyles);
  const plateau = leg.plateau && rise(leg.plateau);
  return {
    HKA: femur === null ? null : 180 - femur,
    JLCA: condyles === null || plateau === null ? null : plateau - condyles,
    mLDFA: femur === null || condyles === null ? null : 90 + femur + condyles,
    mMPTA: plateau === null ? null : 90 + plateau,
  };
}

/** Whether the film shows the leg as by a mirror; null until plateau, spines and ankle tell. */
export function isMirrored(points: FilmPoints, pixelSpacing: readonly number[], side: 'L' | 'R'): boolean | null {
  const frame = axes(landmarks(points, pixelSpacing));
  if (!frame) return null;
  // Seen from in front, medial lies clockwise of upwards in a right leg.
  const clockwise = frame.up.z * frame.medial.x - frame.up.x * frame.medial.z > 0;
  return clockwise === (side === 'L');
}

export interface FilmLines {
  /** Centre and radii along columns and rows of the femoral head's circle. */
  readonly head: { readonly centre: FilmPlace; readonly radii: FilmPlace } | null;
  readonly femur: readonly [FilmPlace, FilmPlace] | null;
  readonly tibia: readonly [FilmPlace, FilmPlace] | null;
}

/** What is drawn over the film, in its pixels. */
export function filmLines(points: FilmPoints, pixelSpacing: readonly number[]): FilmLines {
  const [rowSpacing = 1, columnSpacing = 1] = pixelSpacing;
  const { hip, head, notch, spines, ankle } = landmarks(points, pixelSpacing);
  const place = ({ x, z }: Vector): FilmPlace => [x / columnSpacing, -z / rowSpacing];
  const radius = hip && head ? Math.sqrt(dot(subtract(hip, head), subtract(hip, head))) : 0;
  return {
    head: hip && { centre: place(hip), radii: [radius / columnSpacing, radius / rowSpacing] },
    femur: hip && notch && [place(hip), place(notch)],
    tibia: spines && ankle && [place(spines), place(ankle)],
  };
}
