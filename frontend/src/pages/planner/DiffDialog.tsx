import { Loader, Modal, Select, Text } from '@mantine/core';
import { type ReactNode, useState } from 'react';

import { usePlanDiff } from '../../api/plans';
import type { PlanChange, PlanSummary } from '../../api/types';
import { ErrorNote } from '../../components/ErrorNote';
import { quantity, unit } from '../../domain/format';
import classes from './Planner.module.css';

interface Props {
  plans: readonly PlanSummary[];
  plan: PlanSummary;
  onClose: () => void;
}

/** What changed between two revisions, the older one on the left. */
export function DiffDialog({ plans, plan, onClose }: Props): ReactNode {
  const sorted = plans.toSorted((a, b) => a.revision - b.revision);
  const at = sorted.findIndex((one) => one.id === plan.id);
  const [otherId, setOther] = useState((sorted[at - 1] ?? sorted[at + 1])?.id ?? plan.id);
  const other = plans.find((one) => one.id === otherId) ?? plan;
  const [before, after] = other.revision < plan.revision ? [other, plan] : [plan, other];
  const diff = usePlanDiff(before.id, after.id);
  return (
    <Modal opened onClose={onClose} title={`Revision ${before.revision} and revision ${after.revision}`} size="lg" data-testid="diff-dialog">
      <Select
        label={`Compare revision ${plan.revision} with`}
        size="xs"
        w={240}
        mb="sm"
        allowDeselect={false}
        data={sorted
          .filter((one) => one.id !== plan.id)
          .map((one) => ({ value: one.id, label: `Revision ${one.revision}, ${quantity(one.correction_deg, 'deg')}` }))}
        value={otherId}
        onChange={(value) => value && setOther(value)}
        data-testid="diff-other"
      />
      {diff.isError && <ErrorNote error={diff.error} onRetry={() => void diff.refetch()} />}
      {diff.isPending && <Loader size="sm" aria-label="Comparing" />}
      {diff.data?.length === 0 && <Text size="sm">Both revisions are the same plan.</Text>}
      {diff.data && diff.data.length > 0 && (
        <div className={classes.tableScroll}>
          <table className={classes.diff} data-testid="diff">
            <thead>
              <tr>
                <th scope="col">What</th>
                <th scope="col">Revision {before.revision}</th>
                <th scope="col">Revision {after.revision}</th>
              </tr>
            </thead>
            <tbody>
              {diff.data.map((change) => (
                <tr key={change.path}>
                  <th scope="row">{change.label}</th>
                  <td className="figures">{written(change.before, change)}</td>
                  <td className="figures">{written(change.after, change)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Modal>
  );
}

function written(value: string | null, change: PlanChange): string {
  if (value === null) return '–';
  const mark = unit(change.unit);
  return `${value}${mark === '°' || mark === '' ? '' : ' '}${mark}`;
}
