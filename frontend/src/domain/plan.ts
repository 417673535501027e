/** The plan document (`hto-plan/1`) that the guide engine writes, and the correction that it is made for. */
import type { components } from '../api/schema';

/** x, y, z in patient millimetres (LPS). */
export type Point = number[];
export type PlanDocument = components['schemas']['PlanDocument'];
export type Osteotomy = components['schemas']['Osteotomy'];
export type Measure = components['schemas']['Measure'];
export type PlanWarning = components['schemas']['PlanWarning'];

export const CORRECTION = { minimum: 0, maximum: 20, step: 0.5, start: 8 } as const;

export function clampCorrection(degrees: number): number {
  const { minimum, maximum } = CORRECTION;
  if (!Number.isFinite(degrees)) return minimum;
  return Math.min(maximum, Math.max(minimum, Math.round(degrees * 10) / 10));
}
