/** Measures of the leg beside what is usual. */
import type { Measure } from './plan';

export type Normality = 'low' | 'normal' | 'high';

/** Where a value lies beside the normal range; undefined where no range holds for everybody. */
export function normality(value: number, normal: Measure['normal']): Normality | undefined {
  if (!normal) return undefined;
  if (value < normal.low) return 'low';
  return value > normal.high ? 'high' : 'normal';
}

const LABELS: Record<string, string> = {
  PTS_medial: 'PTS medial',
  PTS_lateral: 'PTS lateral',
  Caton_Deschamps: 'Caton-Deschamps',
  leg_length: 'Leg length',
};

/** The name of a measure as people write it. */
export function measureLabel(name: string): string {
  return LABELS[name] ?? name.replaceAll('_', ' ');
}
