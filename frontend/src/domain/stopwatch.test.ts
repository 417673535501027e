import { describe, expect, it } from 'vitest';

import { asTime, fromServer, mayPress, press, type PressKind, seconds, STILL } from './stopwatch';

describe('the stop-watch', () => {
  it('goes on from what the server said', () => {
    const watch = fromServer(
      { last: 'resumed', running: true, elapsed_s: 12.5, duration_s: null, pauses: 1, corrections: 0 },
      100_000,
    );
    expect(seconds(watch, 102_500)).toBe(15);
    expect(seconds(press(watch, 'paused', 101_000), 999_000)).toBe(13.5);
  });

  it('does not run backwards where the clock of the device was set back', () => {
    expect(seconds(press(STILL, 'placed', 50_000), 40_000)).toBe(0);
  });

  it('begins anew after a correction', () => {
    const done = press(press(STILL, 'placed', 0), 'completed', 60_000);
    expect(done.duration).toBe(60);
    const voided = press(done, 'corrected', 70_000);
    expect(voided).toMatchObject({ duration: null, spent: 0, running: false, corrections: 1 });
    expect(press(press(voided, 'placed', 80_000), 'completed', 90_000)).toMatchObject({ duration: 10, corrections: 1 });
  });

  it.each<[PressKind[], PressKind[]]>([
    [[], ['placed']],
    [['placed'], ['paused', 'completed', 'corrected']],
    [['placed', 'paused'], ['resumed', 'corrected']],
    [['placed', 'paused', 'resumed'], ['paused', 'completed', 'corrected']],
    [['placed', 'completed'], ['corrected']],
    [['placed', 'corrected'], ['placed']],
  ])('after %j only %j may be pressed', (pressed, allowed) => {
    const watch = pressed.reduce((now, kind) => press(now, kind, 0), STILL);
    const all: PressKind[] = ['placed', 'paused', 'resumed', 'completed', 'corrected'];
    expect(all.filter((kind) => mayPress(watch, kind)).sort()).toEqual([...allowed].sort());
  });

  it.each([
    [0, '0:00'],
    [59.9, '0:59'],
    [247, '4:07'],
    [3750, '1:02:30'],
  ])('%d s is %s', (value, text) => {
    expect(asTime(value)).toBe(text);
  });
});
