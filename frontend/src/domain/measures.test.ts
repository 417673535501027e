import { expect, it } from 'vitest';

import { normality } from './measures';

it('tells where a value lies beside the normal range', () => {
  const mpta = { low: 84, high: 90, source: 'Paley' };
  expect([83.9, 84, 90, 90.1].map((value) => normality(value, mpta))).toEqual(['low', 'normal', 'normal', 'high']);
  expect(normality(5, null)).toBeUndefined();
  expect(normality(5, undefined)).toBeUndefined();
});
