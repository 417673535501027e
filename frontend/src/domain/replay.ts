/** The live picture of a job, built from numbered events that may come twice, late, or with holes. */
export interface JobEvent {
  readonly sequence: number;
  readonly kind: string;
  readonly stage: string;
  readonly fraction: number | null;
  readonly remaining_s: number | null;
  readonly message: string;
  readonly at: string;
}

export interface Replay {
  /** Everything up to this number has been seen. */
  readonly sequence: number;
  readonly latest: JobEvent | null;
  /** Events that arrived before one that is still missing. */
  readonly waiting: readonly JobEvent[];
}

export const NOTHING: Replay = { sequence: 0, latest: null, waiting: [] };

/** Add one event. Repeated events change nothing; one that leaves a hole waits until the hole is filled. */
export function replay(state: Replay, event: JobEvent): Replay {
  if (event.sequence <= state.sequence) return state;
  const queue = [...state.waiting.filter((other) => other.sequence !== event.sequence), event].sort(
    (a, b) => a.sequence - b.sequence,
  );
  let { sequence, latest } = state;
  while (queue[0]?.sequence === sequence + 1) {
    latest = queue.shift() as JobEvent;
    sequence = latest.sequence;
  }
  return { sequence, latest, waiting: queue };
}

/** Whether some event is missing, so that the list must be asked for again. */
export function hasHole(state: Replay): boolean {
  return state.waiting.length > 0;
}

/** Wait before the n-th reconnection, milliseconds: doubling from half a second to half a minute, with jitter. */
export function backoff(attempt: number, random: () => number = Math.random): number {
  return Math.min(30_000, 500 * 2 ** attempt) * (0.75 + 0.5 * random());
}
