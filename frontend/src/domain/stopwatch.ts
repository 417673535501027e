/** The stop-watch of an item: the server's clock where it has spoken, this device's differences after that. */
export type PressKind = 'placed' | 'paused' | 'resumed' | 'completed' | 'corrected';

/** As the server tells it. */
export interface ServerClock {
  readonly last: PressKind | null;
  readonly running: boolean;
  readonly elapsed_s: number;
  readonly duration_s: number | null;
  readonly pauses: number;
  readonly corrections: number;
}

export interface Stopwatch {
  readonly last: PressKind | null;
  readonly running: boolean;
  /** Seconds without pauses, up to `since`. */
  readonly spent: number;
  /** Since when, by this device, the time of a running watch is to be added; ms since 1970. */
  readonly since: number;
  /** Seconds, once the cut is complete. */
  readonly duration: number | null;
  readonly pauses: number;
  readonly corrections: number;
}

export const STILL: Stopwatch = {
  last: null,
  running: false,
  spent: 0,
  since: 0,
  duration: null,
  pauses: 0,
  corrections: 0,
};

/** What the server said, which arrived at `now`. */
export function fromServer(clock: ServerClock, now: number): Stopwatch {
  return {
    last: clock.last,
    running: clock.running,
    spent: clock.elapsed_s,
    since: now,
    duration: clock.duration_s,
    pauses: clock.pauses,
    corrections: clock.corrections,
  };
}

export function seconds(watch: Stopwatch, now: number): number {
  return watch.running ? watch.spent + Math.max(0, now - watch.since) / 1000 : watch.spent;
}

/** What may follow what, as on the server; a correction voids the run, after which only a new placement comes. */
const FOLLOWS: Readonly<Record<PressKind | 'nothing', readonly PressKind[]>> = {
  nothing: ['placed'],
  placed: ['paused', 'completed', 'corrected'],
  paused: ['resumed', 'corrected'],
  resumed: ['paused', 'completed', 'corrected'],
  completed: ['corrected'],
  corrected: ['placed'],
};

export function mayPress(watch: Stopwatch, kind: PressKind): boolean {
  return FOLLOWS[watch.last ?? 'nothing'].includes(kind);
}

/** The watch after a press at `at`. */
export function press(watch: Stopwatch, kind: PressKind, at: number): Stopwatch {
  const spent = seconds(watch, at);
  switch (kind) {
    case 'placed':
      return { ...watch, last: kind, running: true, spent: 0, since: at, duration: null };
    case 'resumed':
      return { ...watch, last: kind, running: true, spent, since: at };
    case 'paused':
      return { ...watch, last: kind, running: false, spent, since: at, pauses: watch.pauses + 1 };
    case 'completed':
      return { ...watch, last: kind, running: false, spent, since: at, duration: spent };
    case 'corrected':
      return { ...STILL, last: kind, since: at, corrections: watch.corrections + 1 };
  }
}

/** "4:07", "1:02:30". */
export function asTime(secondsSpent: number): string {
  const whole = Math.max(0, Math.floor(secondsSpent));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = `${hours > 0 ? String(minutes).padStart(2, '0') : minutes}:${String(rest).padStart(2, '0')}`;
  return hours > 0 ? `${hours}:${tail}` : tail;
}
