import { useCallback, useEffect, useState } from 'react';

import { usePlan, usePreview } from '../../api/plans';
import type { CaseDetail, PlanSummary } from '../../api/types';
import { begin, type History, redo, step, undo } from '../../domain/history';
import type { PlanDocument } from '../../domain/plan';
import { FRESH, type PlanState, sameState } from '../../domain/planRequest';
import { fromPlan, type PlanRequest, readDraft, toRequest } from '../../domain/planWire';
import { liveDegrees } from '../../domain/wedge';

/** What becomes of the state; `done` when the hand lets go, which makes it a step that can be undone. */
export type Change = (now: PlanState) => PlanState;

export interface Planner {
  /** What is asked for now. */
  state: PlanState;
  set: (change: Change, done: boolean) => void;
  undo: (() => void) | null;
  redo: (() => void) | null;
  /** The correction, in degrees, that the picture shows; it follows the hand before the server has answered. */
  degrees: number;
  /** The newest plan document, perhaps of a moment ago. */
  document: PlanDocument | null;
  /** Whether the document's numbers are those of the state. */
  exact: boolean;
  pending: boolean;
  error: unknown;
  retry: () => void;
  request: PlanRequest;
  /** The newest plan that was stored on the present bones, and the one on them that may become a guide. */
  latest: PlanSummary | null;
  approved: PlanSummary | null;
  /** Whether the state is another than that of the newest stored plan. */
  changed: boolean;
  mayPlan: boolean;
}

/** The plan of a case while it is being made: live, undoable, kept over a reload, measured by the server. */
export function usePlanner(detail: CaseDetail): Planner {
  // A plan on other bones is a different plan.
  const boneSet = detail.current_bone_set ?? null;
  const plans = detail.plans.filter((plan) => plan.bone_set === boneSet && plan.status !== 'withdrawn');
  const latest = plans.reduce<PlanSummary | null>((best, plan) => (best === null || plan.revision > best.revision ? plan : best), null);
  const approved = plans.find((plan) => plan.status === 'approved') ?? null;
  const mayPlan = detail.allowed.includes('plan');

  // Without the right to plan, the plan that counts is what there is to see.
  const stored = usePlan((mayPlan ? latest : (approved ?? latest))?.id);
  const baseline = stored.data ? fromPlan(stored.data) : null;
  const key = `plan:${detail.id}:${boneSet ?? ''}`;
  const [steps, setSteps] = useSteps(key);
  const [moving, setMoving] = useState<PlanState | null>(null);
  const history = steps ?? begin(baseline ?? FRESH);
  const known = steps !== null || latest === null || baseline !== null;
  const state = mayPlan ? (moving ?? history.present) : (baseline ?? FRESH);

  const request = toRequest(state, boneSet);
  const preview = usePreview(detail.id, mayPlan && known && boneSet ? request : null);
  const document = (mayPlan ? preview.document : stored.data?.document) ?? null;

  const set: Planner['set'] = (change, done) => {
    const now = moving ?? history.present;
    setMoving(done ? null : change(now));
    if (done) setSteps(record(now, history, change));
  };
  const unsettled = moving !== null && !sameState(moving, history.present);
  const back = (): void => {
    setMoving(null);
    if (!unsettled) setSteps(undo(history));
  };
  const forth = (): void => {
    setMoving(null);
    setSteps(redo(history));
  };

  const changed = mayPlan && known && !(baseline && sameState(history.present, baseline));
  useEffect(() => {
    if (!known) return;
    if (changed && steps) sessionStorage.setItem(key, JSON.stringify(steps.present));
    else sessionStorage.removeItem(key);
  }, [changed, known, key, steps]);

  const exact = mayPlan ? preview.exact : document !== null;
  return {
    state,
    set,
    undo: unsettled || history.past.length > 0 ? back : null,
    redo: history.future.length > 0 ? forth : null,
    degrees: exact && document ? document.osteotomy.correction_deg : liveDegrees(state, document),
    document,
    exact,
    pending: mayPlan ? preview.pending : stored.isFetching,
    error: mayPlan ? (preview.error ?? (known ? null : stored.error)) : stored.error,
    retry: () => (mayPlan && known ? preview.retry() : void stored.refetch()),
    request,
    latest,
    approved,
    changed,
    mayPlan,
  };
}

function record(now: PlanState, history: History<PlanState>, change: Change): History<PlanState> {
  const next = change(now);
  return sameState(next, history.present) ? history : step(history, next);
}

/** The steps on one bone set, null while there are none; a state that is not saved is there again after a reload. */
function useSteps(key: string): [History<PlanState> | null, (steps: History<PlanState>) => void] {
  const [kept, setKept] = useState<{ key: string; steps: History<PlanState> | null }>({ key: '', steps: null });
  if (kept.key !== key) {
    const draft = readDraft(sessionStorage.getItem(key));
    setKept({ key, steps: draft && begin(draft) });
  }
  const steps = kept.key === key ? kept.steps : null;
  const set = useCallback((next: History<PlanState>) => setKept({ key, steps: next }), [key]);
  return [steps, set];
}
