import { useCallback, useEffect, useState } from 'react';

import { begin, type History, redo, step, undo } from '../../domain/history';
import { FRESH, type PlanState, sameState } from '../../domain/planRequest';
import { readDraft } from '../../domain/planWire';

/** What becomes of the state. */
export type Change = (now: PlanState) => PlanState;

/** A hand that has not moved for so long has paused, ms. */
const PAUSE_MS = 150;

interface Kept {
  readonly key: string;
  /** Null while nothing differs from what is stored. */
  readonly steps: History<PlanState> | null;
  /** Under the hand, and not a step yet. */
  readonly moving: PlanState | null;
}

export interface PlanSteps {
  /** What is asked for now, with what is under the hand. */
  state: PlanState;
  /** Whether a hand is still on it. */
  held: boolean;
  /** Whether there is anything beside what is stored. */
  begun: boolean;
  /** `done` when the hand lets go, which makes it a step that can be undone. The same function always. */
  set: (change: Change, done: boolean) => void;
  undo: (() => void) | null;
  redo: (() => void) | null;
}

/**
 * The steps of planning on one bone set, all of them undoable; what is not saved is there again after a reload.
 * `baseline` is what is stored, from where the steps begin; it must be the same object while it is the same plan.
 */
export function usePlanSteps(key: string, baseline: PlanState | null): PlanSteps {
  const [kept, setKept] = useState<Kept>(() => restored(key));
  if (kept.key !== key) setKept(restored(key));
  const { steps, moving } = kept.key === key ? kept : restored(key);
  const history = steps ?? begin(baseline ?? FRESH);

  const change = useCallback(
    (next: (history: History<PlanState>, moving: PlanState | null) => Omit<Kept, 'key'> | null) =>
      setKept((now) => {
        const changed = next(now.steps ?? begin(baseline ?? FRESH), now.moving);
        return changed ? { key, ...changed } : now;
      }),
    [key, baseline],
  );
  const set = useCallback<PlanSteps['set']>(
    (to, done) =>
      change((past, held) => {
        const next = to(held ?? past.present);
        if (!done) return { steps: past, moving: next };
        // A hand that lets go of what it did not move begins nothing.
        if (held === null && sameState(next, past.present)) return null;
        return { steps: sameState(next, past.present) ? past : step(past, next), moving: null };
      }),
    [change],
  );
  const back = useCallback(() => change((past, held) => ({ steps: unsettled(past, held) ? past : undo(past), moving: null })), [change]);
  const forth = useCallback(() => change((past) => ({ steps: redo(past), moving: null })), [change]);

  const settled = history.present;
  // A slider can let go before its last move has arrived: what is seen counts, settled or not.
  const state = moving ?? settled;
  const changed = !(baseline && sameState(state, baseline));
  useEffect(() => {
    // While a hand moves, once it has paused: each write goes to the disk.
    const keep = (): void => {
      if (steps && changed) sessionStorage.setItem(key, JSON.stringify(state));
      else if (baseline) sessionStorage.removeItem(key);
    };
    if (moving === null) {
      keep();
      return undefined;
    }
    const timer = setTimeout(keep, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [key, steps, changed, state, moving, baseline]);

  return {
    state,
    held: moving !== null,
    begun: steps !== null,
    set,
    undo: unsettled(history, moving) || history.past.length > 0 ? back : null,
    redo: history.future.length > 0 ? forth : null,
  };
}

function restored(key: string): Kept {
  const draft = readDraft(sessionStorage.getItem(key));
  return { key, steps: draft && begin(draft), moving: null };
}

function unsettled(history: History<PlanState>, moving: PlanState | null): boolean {
  return moving !== null && !sameState(moving, history.present);
}
