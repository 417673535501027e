/** The report of an unblinded study (`study-report/1`), as far as the page shows it, and its numbers as a journal prints them. */
import { number } from './format';

export interface Estimate {
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

interface Described {
  readonly n: number;
  readonly missing: number;
  readonly mean: number | null;
  readonly standard_deviation: number | null;
}

export interface Analysed {
  readonly ct: Described;
  readonly xray: Described;
  readonly wilcoxon: {
    readonly pairs: number;
    readonly p: number | null;
    readonly smallest_p: number | null;
    readonly estimate: number | null;
    readonly low: number | null;
    readonly high: number | null;
    readonly confidence: number | null;
  } | null;
  readonly equivalence: {
    readonly margin: number;
    readonly p: number | null;
    readonly low: number | null;
    readonly high: number | null;
    readonly equivalent: boolean;
  } | null;
  readonly mixed_model: { readonly difference: number | null; readonly low: number | null; readonly high: number | null; readonly p: number | null } | null;
  readonly agreement: {
    readonly icc_2_1?: Estimate | null;
    readonly icc_2_k?: Estimate | null;
    readonly alpha_ordinal?: number | null;
    readonly alpha_interval?: number | null;
    readonly weighted_kappa?: number | null;
    readonly fleiss_kappa?: Estimate | null;
  };
}

export interface ReportQuestion {
  readonly key: string;
  readonly kind: 'scale' | 'source_guess' | 'duration';
  readonly margin: number | null;
  readonly title: string;
  readonly points: readonly { readonly value: number }[];
}

export interface StudyReport {
  readonly schema: string;
  readonly flow: {
    readonly items: Readonly<Record<'assigned' | 'training' | 'withdrawn' | 'unblinded_early' | 'incomplete' | 'complete', number>>;
    readonly raters: readonly { readonly code: string; readonly withdrawn: boolean }[];
    readonly cases: { readonly rated: number; readonly training: number; readonly withdrawn: readonly unknown[] };
  };
  readonly questions: readonly ReportQuestion[];
  readonly analysis: {
    readonly questions: Readonly<Record<string, Analysed>>;
    readonly blinding: { readonly counts: readonly (readonly number[])[]; readonly bang_ct: Estimate; readonly bang_xray: Estimate; readonly james: Estimate } | null;
  };
}

const NONE = '–';

export function figure(value: number | null | undefined, digits = 2): string {
  return value === null || value === undefined ? NONE : number(value, digits);
}

/** "0.0625", or that it is smaller than can be shown. */
export function pValue(value: number | null | undefined): string {
  if (value === null || value === undefined) return NONE;
  return value < 0.0001 ? '< 0.0001' : value.toFixed(4);
}

export function interval(low: number | null | undefined, high: number | null | undefined): string {
  if (low === null || low === undefined || high === null || high === undefined) return NONE;
  return `${number(low, 2)} to ${number(high, 2)}`;
}

/** What a question is measured in. */
export function unitOf(question: ReportQuestion): string {
  return question.kind === 'duration' ? 's' : 'points';
}

/** In the words of the registered test; a difference that was not shown is never "no difference". */
export function verdict(analysed: Analysed, question: ReportQuestion): string {
  const { equivalence } = analysed;
  if (question.margin === null) return 'No margin was registered.';
  const unit = question.margin === 1 && question.kind !== 'duration' ? 'point' : unitOf(question);
  const margin = `the margin of ${question.margin} ${unit}`;
  if (!equivalence) return `Too few cases to test equivalence within ${margin}.`;
  return equivalence.equivalent ? `Equivalent within ${margin}.` : `Equivalence within ${margin} was not shown.`;
}

/** Where a value stands between the ends of a scale, 0 to 1; times are laid from nothing to the largest shown. */
export function placeOnScale(value: number, question: ReportQuestion, largest: number): number {
  const values = question.points.map((point) => point.value);
  const [low, high] = values.length > 1 ? [Math.min(...values), Math.max(...values)] : [0, largest];
  return high === low ? 0 : Math.min(1, Math.max(0, (value - low) / (high - low)));
}
