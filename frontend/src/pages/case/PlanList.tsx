import { ActionIcon, Button, Menu } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { Boxes, Download, Ellipsis, FileText, GitCompareArrows, Undo2 } from 'lucide-react';
import { memo, type ReactNode, useState } from 'react';

import { planOptions, useMakeSolids } from '../../api/plans';
import type { CaseDetail, PlanSummary } from '../../api/types';
import { clock, quantity } from '../../domain/format';
import { fromPlan } from '../../domain/planWire';
import { DiffDialog } from '../planner/DiffDialog';
import { openReport, reportAddress } from '../planner/openReport';
import { WithdrawDialog } from '../planner/WithdrawDialog';
import classes from './Case.module.css';
import type { Planner } from './usePlanner';

const STATUS = { draft: 'Draft', approved: 'Approved', superseded: 'Superseded', withdrawn: 'Withdrawn' } as const;

interface Props {
  detail: CaseDetail;
  mayPlan: boolean;
  onSet: Planner['set'];
}

/** Every plan that was stored; none is ever changed. */
export const PlanList = memo(function PlanList({ detail, mayPlan, onSet }: Props): ReactNode {
  const cache = useQueryClient();
  const [differing, setDiffering] = useState<PlanSummary | null>(null);
  const [withdrawing, setWithdrawing] = useState<PlanSummary | null>(null);
  const { plans, current_bone_set: current } = detail;
  const make = useMakeSolids(detail.id);
  if (plans.length === 0) return null;

  const take = async (plan: PlanSummary): Promise<void> => {
    const stored = await cache.fetchQuery(planOptions(plan.id));
    onSet(() => fromPlan(stored), true);
  };

  return (
    <section aria-label="Stored plans">
      <h3 className={classes.heading}>Stored plans</h3>
      <ul className={classes.plans} data-testid="plans">
        {plans
          .toSorted((a, b) => b.revision - a.revision)
          .map((plan) => (
            <li key={plan.id} data-status={plan.status} data-testid={`plan-${plan.revision}`}>
              <span className="figures">
                <b>r{plan.revision}</b> {quantity(plan.correction_deg, 'deg')}
              </span>
              <Standing detail={detail} plan={plan} />
              <span className={classes.planActs}>
                {mayPlan && plan.bone_set === current && (
                  <Button variant="subtle" color="gray" size="compact-xs" onClick={() => void take(plan)} data-testid={`take-${plan.revision}`}>
                    Take over
                  </Button>
                )}
                <Menu position="bottom-end" withinPortal>
                  <Menu.Target>
                    <ActionIcon variant="subtle" color="gray" size="sm" aria-label={`More of revision ${plan.revision}`} data-testid={`more-${plan.revision}`}>
                      <Ellipsis size={14} />
                    </ActionIcon>
                  </Menu.Target>
                  <Menu.Dropdown>
                    <Menu.Item
                      component="a"
                      href={reportAddress(plan.id)}
                      target="_blank"
                      leftSection={<FileText size={14} />}
                      onClick={(event) => openReport(event, `the report of plan revision ${plan.revision}`)}
                      data-testid={`report-${plan.revision}`}
                    >
                      Report (PDF)
                    </Menu.Item>
                    <FragmentItems plan={plan} onMake={mayPlan ? () => make.mutate(plan.id) : null} />
                    {plans.length > 1 && (
                      <Menu.Item leftSection={<GitCompareArrows size={14} />} onClick={() => setDiffering(plan)} data-testid={`diff-${plan.revision}`}>
                        Compare with another revision …
                      </Menu.Item>
                    )}
                    {plan.approved_at !== null && plan.status !== 'withdrawn' && detail.allowed.includes('withdraw') && (
                      <Menu.Item c="var(--stop)" leftSection={<Undo2 size={14} />} onClick={() => setWithdrawing(plan)} data-testid={`withdraw-${plan.revision}`}>
                        Withdraw the approval …
                      </Menu.Item>
                    )}
                  </Menu.Dropdown>
                </Menu>
              </span>
            </li>
          ))}
      </ul>
      {differing && <DiffDialog plans={plans} plan={differing} onClose={() => setDiffering(null)} />}
      {withdrawing && <WithdrawDialog caseId={detail.id} plan={withdrawing} onClose={() => setWithdrawing(null)} />}
    </section>
  );
});

const PARTS = [
  ['proximal', 'Proximal fragment (PLY)'],
  ['distal', 'Distal fragment (PLY)'],
  ['removed', 'Wedge that is taken out (PLY)'],
] as const;

/** The exact fragments as files, or how to have them made where they are missing. */
function FragmentItems({ plan, onMake }: { plan: PlanSummary; onMake: (() => void) | null }): ReactNode {
  const { files, state } = plan.solids;
  if (files) {
    return PARTS.filter(([part]) => files[part]).map(([part, label]) => (
      <Menu.Item key={part} component="a" href={files[part]} leftSection={<Download size={14} />} data-testid={`${part}-${plan.revision}`}>
        {label}
      </Menu.Item>
    ));
  }
  if (state === 'waiting' || !onMake) return null;
  return (
    <Menu.Item leftSection={<Boxes size={14} />} onClick={onMake} data-testid={`make-solids-${plan.revision}`}>
      Make the exact fragments
    </Menu.Item>
  );
}

function Standing({ detail, plan }: { detail: CaseDetail; plan: PlanSummary }): ReactNode {
  const [who, when] =
    plan.status === 'withdrawn' && plan.withdrawn_at
      ? [plan.withdrawn_by, plan.withdrawn_at]
      : plan.status === 'approved' && plan.approved_at
        ? [plan.approved_by, plan.approved_at]
        : [plan.author, plan.created_at];
  return (
    <span className={classes.planStatus}>
      {STATUS[plan.status]}
      <small className={plan.bone_set === detail.current_bone_set ? 'dim' : classes.elsewhere} data-testid="plan-on">
        On bones {detail.bone_sets.find((set) => set.id === plan.bone_set)?.number}
      </small>
      <small className="dim">
        {who}, {clock(when)}
      </small>
      {plan.solids.state === 'waiting' && <small className="dim">Exact fragments are being made</small>}
      {plan.solids.state === 'failed' && <small className={classes.elsewhere}>No exact fragments: {plan.solids.missing}</small>}
      {(plan.withdrawn_reason || plan.reason) && <small className="dim">{plan.withdrawn_reason || plan.reason}</small>}
    </span>
  );
}
