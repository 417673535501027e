import { describe, expect, it } from 'vitest';

import { choiceOf, type Draft, itemCount, margin, NEW_DRAFT, problems, STEPS, toStudy, withKind } from './studyDraft';

const CASES = {
  one: { ct: 'c1', xray: 'x1', training: false },
  two: { ct: 'c2', xray: 'x2', training: true },
};
const DRAFT: Draft = { ...NEW_DRAFT, title: ' Study ', cases: CASES, raters: ['r'], margins: { shape: '0,5', details: '' }, distance: 1 };

describe('a draft of a study', () => {
  it('becomes what the server takes', () => {
    const sent = toStudy(DRAFT);
    expect(sent).toMatchObject({ title: 'Study', margins: { shape: 0.5 }, raters: ['r'], ask_source: true });
    expect(sent.cases).toEqual([
      { case: 'one', ct: 'c1', xray: 'x1', training: false },
      { case: 'two', ct: 'c2', xray: 'x2', training: true },
    ]);
    expect('site' in sent).toBe(false);
  });

  it('says at each step what is missing', () => {
    expect(STEPS.map((step) => problems(DRAFT, step).length)).toEqual([0, 0, 0, 0, 0]);
    expect(STEPS.map((step) => problems(NEW_DRAFT, step).length)).toEqual([1, 1, 1, 1, 0]);
    expect(problems({ ...DRAFT, distance: 2 }, 'Rules')[0]).toContain('1 case cannot');
    expect(problems({ ...DRAFT, margins: { shape: '-1' } }, 'Questions')[0]).toContain('above zero');
    expect(problems({ ...DRAFT, cases: { two: CASES.two } }, 'Cases')).toHaveLength(1);
  });

  it('counts two items a case', () => {
    expect(itemCount(CASES)).toEqual({ rated: 2, training: 2 });
  });

  it('reads margins as people type them', () => {
    expect([margin('0.25'), margin('0,25'), margin('0'), margin('half'), margin(' ')]).toEqual([0.25, 0.25, null, null, null]);
  });

  it('takes a case only with both versions', () => {
    expect(choiceOf({ case: 'a', ct: ['c'], xray: [] })).toBeNull();
    expect(choiceOf({ case: 'a', ct: ['c', 'd'], xray: ['x'] })).toEqual({ ct: 'c', xray: 'x', training: false });
  });

  it('forgets with its kind what belongs to that kind only', () => {
    const other = withKind(DRAFT, 'hto_simulation');
    expect(other).toMatchObject({ cases: {}, margins: {}, title: ' Study ', raters: ['r'] });
    expect(withKind(DRAFT, 'model_rating')).toBe(DRAFT);
  });
});
