import { describe, expect, it } from 'vitest';

import { ENGINEERS_QUEUE, grouped, stageWords, words } from './states';

describe('the worklist', () => {
  it('groups in working order, urgent first, otherwise as given', () => {
    const groups = grouped([
      { id: 1, state: 'guide_ready', urgent: false },
      { id: 2, state: 'to_plan', urgent: false },
      { id: 3, state: 'to_plan', urgent: true },
      { id: 4, state: 'to_plan', urgent: false },
      { id: 5, state: 'something_new', urgent: false },
    ]);
    expect(groups.map((group) => group.state)).toEqual(['to_plan', 'guide_ready', 'something_new']);
    expect(groups[0]?.cases.map((item) => item.id)).toEqual([3, 2, 4]);
  });

  it('puts first what a role works on', () => {
    const cases = ['to_plan', 'guide_ready', 'to_design'].map((state) => ({ state, urgent: false }));
    expect(grouped(cases, ENGINEERS_QUEUE).map((group) => group.state)).toEqual(['to_design', 'guide_ready', 'to_plan']);
  });

  it('has words for states it does not know', () => {
    expect(words('to_print').label).toBe('to print');
    expect(stageWords('read_images')).toBe('Read images');
    expect(stageWords('')).toBe('Starting');
  });
});
