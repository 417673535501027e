import { describe, expect, it } from 'vitest';

import { keyFor, newQuestion } from './newQuestion';

const TYPED = { title: 'Ease of use', text: 'How easy?', first: 0, lines: 'hard\n\n  easy ' };

describe('a question of the coordinator', () => {
  it('has a key of its own and a point a line', () => {
    expect(newQuestion(TYPED, ['shape'])).toEqual({
      key: 'ease_of_use',
      title: 'Ease of use',
      text: 'How easy?',
      points: [
        { value: 0, label: '0', description: 'hard' },
        { value: 1, label: '1', description: 'easy' },
      ],
    });
    expect(keyFor('Ease of use', ['ease_of_use'])).toBe('ease_of_use_2');
    expect(keyFor('Größe?', [])).toBe('gro_e');
    expect(keyFor('？', [])).toBe('question');
  });

  it('says what is missing', () => {
    expect(newQuestion({ ...TYPED, title: ' ' }, [])).toContain('title');
    expect(newQuestion({ ...TYPED, text: '' }, [])).toContain('asked');
    expect(newQuestion({ ...TYPED, lines: 'one' }, [])).toContain('two points');
    expect(newQuestion({ ...TYPED, first: 1, lines: Array(10).fill('x').join('\n') }, [])).toContain('up to 9');
  });
});
