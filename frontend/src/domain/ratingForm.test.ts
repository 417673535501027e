import { describe, expect, it } from 'vitest';

import { make } from './acts';
import { after, answerWords, type Asked, isComplete, nextOpen, pointOfKey, scales, UNTOUCHED } from './ratingForm';

function scale(key: string, values: number[], kind: Asked['kind'] = 'scale'): Asked {
  return { key, kind, title: key, text: '', points: values.map((value) => ({ value, label: String(value), description: '' })) };
}

const GUESS: Asked = {
  ...scale('source_guess', [], 'source_guess'),
  points: [
    { value: 0, label: "don't know", description: '' },
    { value: 1, label: 'CT', description: '' },
  ],
};
const QUESTIONS = [scale('shape', [1, 2, 3, 4]), scale('details', [1, 2, 3, 4]), GUESS];

describe('the form of an item', () => {
  it('moves on to the next question without an answer, and round to the first', () => {
    expect(nextOpen(QUESTIONS, {})).toBe(0);
    expect(nextOpen(QUESTIONS, { shape: 1 }, 1)).toBe(1);
    expect(nextOpen(QUESTIONS, { details: 2, source_guess: 0 }, 3)).toBe(0);
    expect(nextOpen(QUESTIONS, { shape: 1, details: 2, source_guess: 0 }, 1)).toBeNull();
  });

  it('takes only keys that are points of the scale', () => {
    expect(pointOfKey(scale('shape', [1, 2, 3, 4]), '4')?.value).toBe(4);
    expect(pointOfKey(scale('shape', [1, 2, 3, 4]), '5')).toBeNull();
    expect(pointOfKey(GUESS, '0')?.label).toBe("don't know");
    expect(pointOfKey(scale('analogue', [10, 20]), '1')).toBeNull();
  });

  it('says an answer in the words of the scale', () => {
    expect(answerWords(GUESS, 1)).toBe('1 CT');
    expect(answerWords(scale('fitting', [1, 2]), 2)).toBe('2');
  });

  it('is complete with every answer, and the time where one is taken', () => {
    const timed = [scale('fitting', [1, 2]), scale('operation_time', [], 'duration')];
    expect(scales(timed).map(({ key }) => key)).toEqual(['fitting']);
    const rated = after(UNTOUCHED, make('i', { kind: 'rate', question: 'fitting', value: 2 }, 0, 'a'));
    expect(isComplete(scales(timed), rated)).toBe(true);
    expect(isComplete(timed, rated)).toBe(false);
    const placed = after(rated, make('i', { kind: 'press', press: 'placed', note: '' }, 0, 'b'));
    const cut = after(placed, make('i', { kind: 'press', press: 'completed', note: '' }, 9000, 'c'));
    expect(isComplete(timed, cut)).toBe(true);
    expect(isComplete(timed, after(cut, make('i', { kind: 'press', press: 'corrected', note: 'slip' }, 9500, 'd')))).toBe(false);
  });

  it('keeps the newest answer to a question', () => {
    const first = after(UNTOUCHED, make('i', { kind: 'rate', question: 'shape', value: 2 }, 0, 'a'));
    expect(after(first, make('i', { kind: 'rate', question: 'shape', value: 4 }, 1, 'b')).answers).toEqual({ shape: 4 });
  });
});
