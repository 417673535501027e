import { createContext, useContext, useMemo } from 'react';

import { usePlan, usePreview } from '../../api/plans';
import type { CaseDetail, PlanSummary } from '../../api/types';
import type { PlanDocument } from '../../domain/plan';
import { FRESH, type PlanState, sameState } from '../../domain/planRequest';
import { fromPlan, type PlanRequest, toRequest } from '../../domain/planWire';
import { liveDegrees } from '../../domain/wedge';
import { type PlanSteps, usePlanSteps } from './usePlanSteps';

export interface Planner {
  caseId: string;
  /** What is asked for now. */
  state: PlanState;
  set: PlanSteps['set'];
  undo: PlanSteps['undo'];
  redo: PlanSteps['redo'];
  /** The correction, in degrees, that the picture shows; it follows the hand before the server has answered. */
  degrees: number;
  /** The newest plan document, perhaps of a moment ago. */
  document: PlanDocument | null;
  /** Whether the document's numbers are those of the state. */
  exact: boolean;
  /** Whether they are, and no hand is on the plan any more. */
  rests: boolean;
  pending: boolean;
  error: unknown;
  retry: () => void;
  request: PlanRequest;
  /** The newest plan that was stored on the present bones, and the one on them that may become a guide. */
  latest: PlanSummary | null;
  approved: PlanSummary | null;
  /** Whether the state is another than that of the newest stored plan, also while a hand is still on it. */
  changed: boolean;
  mayPlan: boolean;
}

/**
 * The planner of the page that is shown. It changes with every move of a hand; who reads it here and not from above
 * spares everything in between.
 */
export const PlannerContext = createContext<Planner | null>(null);

export function useThisPlanner(): Planner {
  const planner = useContext(PlannerContext);
  if (!planner) throw new Error('there is no planner around this component');
  return planner;
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
  const baseline = useMemo(() => (stored.data ? fromPlan(stored.data) : null), [stored.data]);
  const steps = usePlanSteps(`plan:${detail.id}:${boneSet ?? ''}`, baseline);
  const known = steps.begun || latest === null || baseline !== null;
  const state = mayPlan ? steps.state : (baseline ?? FRESH);

  const request = toRequest(state, boneSet);
  const preview = usePreview(detail.id, mayPlan && known && boneSet ? request : null);
  const document = (mayPlan ? preview.document : stored.data?.document) ?? null;

  const exact = mayPlan ? preview.exact : document !== null;
  return {
    caseId: detail.id,
    state,
    set: steps.set,
    undo: steps.undo,
    redo: steps.redo,
    degrees: exact && document ? document.osteotomy.correction_deg : liveDegrees(state, document),
    document,
    exact,
    rests: exact && !(mayPlan && steps.held),
    pending: mayPlan ? preview.pending : stored.isFetching,
    error: mayPlan ? (preview.error ?? (known ? null : stored.error)) : stored.error,
    retry: () => (mayPlan && known ? preview.retry() : void stored.refetch()),
    request,
    latest,
    approved,
    changed: mayPlan && known && !(baseline && sameState(steps.state, baseline)),
    mayPlan,
  };
}
