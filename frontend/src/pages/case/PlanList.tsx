import { Button } from '@mantine/core';
import type { ReactNode } from 'react';

import type { BoneSet, PlanSummary } from '../../api/types';
import { clock, quantity } from '../../domain/format';
import classes from './Case.module.css';

const STATUS = { draft: 'Draft', approved: 'Approved', superseded: 'Superseded' } as const;

interface Props {
  plans: readonly PlanSummary[];
  sets: readonly BoneSet[];
  /** The bones that are planned on now. */
  current: string | null;
  /** Puts the correction of a stored plan on the slider. */
  onTake: ((degrees: number) => void) | undefined;
}

/** Every plan that was stored; none is ever changed. */
export function PlanList({ plans, sets, current, onTake }: Props): ReactNode {
  if (plans.length === 0) return null;
  return (
    <section>
      <h3 className={classes.heading}>Stored plans</h3>
      <ul className={classes.plans} data-testid="plans">
        {plans
          .toSorted((a, b) => b.revision - a.revision)
          .map((plan) => (
            <li key={plan.id} data-status={plan.status}>
              <span className="figures">
                <b>r{plan.revision}</b> {quantity(plan.correction_deg, 'deg')}
              </span>
              <span className={classes.planStatus}>
                {STATUS[plan.status]}
                <small className={plan.bone_set === current ? 'dim' : classes.elsewhere} data-testid="plan-on">
                  On bones {sets.find((set) => set.id === plan.bone_set)?.number}
                </small>
                <small className="dim">
                  {plan.status === 'approved' && plan.approved_by && plan.approved_at
                    ? `${plan.approved_by}, ${clock(plan.approved_at)}`
                    : `${plan.author}, ${clock(plan.created_at)}`}
                </small>
              </span>
              {onTake && (
                <Button variant="subtle" color="gray" size="compact-xs" onClick={() => onTake(plan.correction_deg)}>
                  Take over
                </Button>
              )}
            </li>
          ))}
      </ul>
    </section>
  );
}
