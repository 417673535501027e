import { describe, expect, it } from 'vitest';

import { assignViews, guessView } from './files';

describe('guessing views from file names', () => {
  it('reads the usual names', () => {
    expect(guessView('ap.dcm')).toBe('ap');
    expect(guessView('knee_LAT_01.dcm')).toBe('lateral');
    expect(guessView('lateral.dcm')).toBe('lateral');
    expect(guessView('frontal-view.dcm')).toBe('ap');
    expect(guessView('IM000123')).toBeNull();
    // "ap" inside another word means nothing.
    expect(guessView('sharp-image.dcm')).toBeNull();
  });

  it('assigns a pair, whatever the order', () => {
    const [lateral, ap] = [{ name: 'lateral.dcm' }, { name: 'ap.dcm' }];
    expect(assignViews([lateral, ap])).toEqual({ ap, lateral });
    const [first, second] = [{ name: 'IM1' }, { name: 'IM2' }];
    expect(assignViews([first, second])).toEqual({ ap: first, lateral: second });
    expect(assignViews([first, ap])).toEqual({ ap, lateral: first });
    expect(assignViews([lateral])).toEqual({ ap: null, lateral });
  });
});
