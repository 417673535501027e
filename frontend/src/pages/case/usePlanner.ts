import { useDebouncedValue } from '@mantine/hooks';
import { useCallback, useEffect, useState } from 'react';

import { usePlan, usePreview } from '../../api/queries';
import type { CaseDetail, PlanSummary } from '../../api/types';
import { begin, type History, redo, step, undo } from '../../domain/history';
import { clampCorrection, CORRECTION, type PlanDocument } from '../../domain/plan';

export interface Planner {
  /** The correction on the slider, degrees. */
  degrees: number;
  /** Move the slider; `done` when the hand lets go, which makes it a step that can be undone. */
  set: (degrees: number, done: boolean) => void;
  undo: (() => void) | null;
  redo: (() => void) | null;
  /** The newest plan document, perhaps of a moment ago. */
  document: PlanDocument | null;
  /** Whether the document's numbers are those of `degrees`. */
  exact: boolean;
  pending: boolean;
  error: unknown;
  retry: () => void;
  /** The newest plan that was stored on the present bones, and the one on them that may become a guide. */
  latest: PlanSummary | null;
  approved: PlanSummary | null;
  /** Whether the slider stands elsewhere than the newest stored plan. */
  changed: boolean;
  mayPlan: boolean;
}

function draftKey(detail: CaseDetail): string {
  return `correction:${detail.id}:${detail.current_bone_set ?? ''}`;
}

function startingPoint(detail: CaseDetail, latest: PlanSummary | null): number {
  const draft = sessionStorage.getItem(draftKey(detail));
  if (draft !== null) return clampCorrection(Number(draft));
  return latest?.correction_deg ?? CORRECTION.start;
}

/** The correction of a case while it is being set: live, undoable, kept over a reload, measured by the server. */
export function usePlanner(detail: CaseDetail): Planner {
  // A plan on other bones is a different plan.
  const plans = detail.plans.filter((plan) => plan.bone_set === detail.current_bone_set);
  const latest = plans.reduce<PlanSummary | null>(
    (best, plan) => (best === null || plan.revision > best.revision ? plan : best),
    null,
  );
  const approved = plans.find((plan) => plan.status === 'approved') ?? null;
  const mayPlan = detail.allowed.includes('plan');

  const [history, setHistory] = useState<History<number>>(() => begin(startingPoint(detail, latest)));
  const [moving, setMoving] = useState<number | null>(null);
  // Without the right to plan, the stored plan is what there is to see.
  const degrees = mayPlan ? (moving ?? history.present) : ((approved ?? latest)?.correction_deg ?? history.present);
  const [settled] = useDebouncedValue(degrees, 200);

  const boneSet = detail.current_bone_set ?? undefined;
  const preview = usePreview(detail.id, boneSet, settled, mayPlan);
  const stored = usePlan(mayPlan ? undefined : (approved ?? latest)?.id);
  const document = (mayPlan ? preview.data : stored.data?.document) ?? null;

  const set = useCallback((value: number, done: boolean) => {
    const next = clampCorrection(value);
    setMoving(done ? null : next);
    if (done) setHistory((now) => step(now, next));
  }, []);

  const changed = mayPlan && history.present !== latest?.correction_deg;
  const key = draftKey(detail);
  useEffect(() => {
    if (changed) sessionStorage.setItem(key, String(history.present));
    else sessionStorage.removeItem(key);
  }, [changed, key, history.present]);

  return {
    degrees,
    set,
    undo: history.past.length > 0 ? () => setHistory(undo) : null,
    redo: history.future.length > 0 ? () => setHistory(redo) : null,
    document,
    exact: document !== null && !preview.isPlaceholderData && Math.abs(document.osteotomy.correction_deg - degrees) < 1e-6,
    pending: mayPlan ? preview.isFetching : stored.isFetching,
    error: mayPlan ? preview.error : stored.error,
    retry: () => void (mayPlan ? preview.refetch() : stored.refetch()),
    latest,
    approved,
    changed,
    mayPlan,
  };
}
