/** Measures of the leg beside what is usual. */
import type { Measure } from './plan';

export type Normality = 'low' | 'normal' | 'high';

/** Where a value lies beside the normal range; undefined where no range holds for everybody. */
export function normality(value: number, normal: Measure['normal']): Normality | undefined {
  if (!normal) return undefined;
  if (value < normal.low) return 'low';
  return value > normal.high ? 'high' : 'normal';
}
