/** The plan document (`hto-plan/1`) that the guide engine writes. */
import type { components } from '../api/schema';

/** x, y, z in patient millimetres (LPS). */
export type Point = number[];
export type PlanDocument = components['schemas']['PlanDocument'];
export type Osteotomy = components['schemas']['Osteotomy'];
export type Measure = components['schemas']['Measure'];
export type PlanWarning = components['schemas']['PlanWarning'];
export type Landmark = components['schemas']['Landmark'];
export type SecondCut = components['schemas']['SecondCut'];
