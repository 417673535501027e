import { describe, expect, it } from 'vitest';

import { type Analysed, figure, interval, placeOnScale, pValue, type ReportQuestion, verdict } from './studyReport';

const SHAPE: ReportQuestion = { key: 'shape', kind: 'scale', title: 'Shape', margin: 0.5, points: [{ value: 1 }, { value: 4 }] };
const TIME: ReportQuestion = { key: 'operation_time', kind: 'duration', title: 'Operation time', margin: 60, points: [] };
const NOTHING: Analysed = {
  ct: { n: 0, missing: 0, mean: null, standard_deviation: null },
  xray: { n: 0, missing: 0, mean: null, standard_deviation: null },
  wilcoxon: null,
  equivalence: null,
  mixed_model: null,
  agreement: {},
};

describe('the numbers of a report', () => {
  it('prints what there is, and a dash for what there is not', () => {
    expect([figure(1.005), figure(-0.5), figure(null), figure(undefined)]).toEqual(['1.00', '−0.50', '–', '–']);
    expect([pValue(0.0625), pValue(0.00001), pValue(null)]).toEqual(['0.0625', '< 0.0001', '–']);
    expect([interval(-0.1, 0.2), interval(null, 1)]).toEqual(['−0.10 to 0.20', '–']);
  });

  it('never says that there is no difference', () => {
    const tested = { margin: 0.5, p: 0.2, low: -1, high: 1, equivalent: false };
    const equal = { ...tested, equivalent: true };
    expect(verdict({ ...NOTHING, equivalence: tested }, SHAPE)).toBe('Equivalence within the margin of 0.5 points was not shown.');
    expect(verdict({ ...NOTHING, equivalence: equal }, TIME)).toBe('Equivalent within the margin of 60 s.');
    expect(verdict(NOTHING, { ...SHAPE, margin: 1 })).toContain('the margin of 1 point.');
    expect(verdict(NOTHING, SHAPE)).toBe('Too few cases to test equivalence within the margin of 0.5 points.');
    expect(verdict(NOTHING, { ...SHAPE, margin: null })).toBe('No margin was registered.');
  });

  it('lays scores between the ends of their scale and times from nothing', () => {
    expect([placeOnScale(1, SHAPE, 0), placeOnScale(2.5, SHAPE, 0), placeOnScale(9, SHAPE, 0)]).toEqual([0, 0.5, 1]);
    expect(placeOnScale(60, TIME, 240)).toBe(0.25);
    expect(placeOnScale(0, TIME, 0)).toBe(0);
  });
});
