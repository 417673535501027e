import { Button, Group, Stack, TextInput, Tooltip } from '@mantine/core';
import { BadgeCheck, Save, TriangleAlert } from 'lucide-react';
import { type ReactNode, useState } from 'react';

import type { CaseDetail } from '../../api/types';
import { ErrorNote } from '../../components/ErrorNote';
import { number } from '../../domain/format';
import { ApproveDialog } from '../case/ApproveDialog';
import classes from '../case/Case.module.css';
import type { Planner } from '../case/usePlanner';
import { useSaving } from './useSaving';

interface Props {
  detail: CaseDetail;
  planner: Planner;
  onWarnings: () => void;
}

/** Saving a revision and approving it, always in reach at the foot of the panel. */
export function PlanActs({ detail, planner, onWarnings }: Props): ReactNode {
  const { document, latest } = planner;
  const [reason, setReason] = useState('');
  const saving = useSaving(detail.id, planner.request, () => setReason(''));
  const [approving, setApproving] = useState(false);
  if (!planner.mayPlan || !document) return null;
  const mayApprove = detail.allowed.includes('approve') && latest?.status === 'draft';
  const count = document.warnings.length;
  // After a withdrawal the newest plan is an old one, which can only be approved as a new revision.
  const savable = planner.changed || latest === null || latest.status === 'superseded';

  // The dialog has a form of its own, and must not stand in this one.
  return (
    <>
      {approving && latest && <ApproveDialog caseId={detail.id} plan={latest} document={document} onClose={() => setApproving(false)} />}
      <form
        className={classes.acts}
        onSubmit={(event) => {
          event.preventDefault();
          // The numbers may still be on their way; what is saved is what was asked, which the server measures itself.
          if (planner.error == null) saving.save(reason);
        }}
      >
        <Stack gap="xs">
          {count > 0 && (
            <button type="button" className={classes.warningCount} onClick={onWarnings} data-testid="warning-count">
              <TriangleAlert size={14} aria-hidden />
              {count === 1 ? '1 warning' : `${count} warnings`} to read
            </button>
          )}
          {saving.error != null && <ErrorNote error={saving.error} onClose={saving.dismiss} />}
          {savable && (
            <Group gap="xs" wrap="nowrap" align="flex-end">
              <TextInput
                flex={1}
                label="Reason"
                placeholder={latest ? 'Why it changes' : 'Optional'}
                maxLength={300}
                value={reason}
                onChange={(event) => setReason(event.currentTarget.value)}
                data-testid="reason"
              />
              <Button
                type="submit"
                variant={mayApprove ? 'default' : 'filled'}
                leftSection={<Save size={16} />}
                loading={saving.pending}
                disabled={planner.error != null}
                data-testid="save-plan"
              >
                Save plan
              </Button>
            </Group>
          )}
          {mayApprove && latest && (
            <Tooltip label="Save or undo the change first" disabled={!planner.changed}>
              <Button leftSection={<BadgeCheck size={16} />} onClick={() => setApproving(true)} disabled={planner.changed} data-testid="approve">
                Approve revision {latest.revision}, {number(latest.correction_deg)}°
              </Button>
            </Tooltip>
          )}
        </Stack>
      </form>
    </>
  );
}
