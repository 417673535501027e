import { Button, Group, Modal, PasswordInput, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { type ReactNode, useState } from 'react';

import { fieldError } from '../../api/errors';
import { useApprovePlan } from '../../api/plans';
import type { PlanSummary } from '../../api/types';
import { ErrorNote } from '../../components/ErrorNote';
import { quantity } from '../../domain/format';
import type { PlanDocument } from '../../domain/plan';
import { wedgeSize } from '../../domain/wedge';
import { prepareReport } from '../planner/openReport';
import { Warnings } from './Warnings';

interface Props {
  caseId: string;
  plan: PlanSummary;
  document: PlanDocument | null;
  onClose: () => void;
}

/** An approval is a signature: what is signed, what it means, and the password once more. */
export function ApproveDialog({ caseId, plan, document, onClose }: Props): ReactNode {
  const [password, setPassword] = useState('');
  const approve = useApprovePlan(caseId);
  const wedge = document && wedgeSize(document.osteotomy);
  return (
    <Modal opened onClose={onClose} title={`Approve plan revision ${plan.revision}`} size="md" data-testid="approve-dialog">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          approve.mutate(
            { id: plan.id, password },
            {
              onSuccess: () => {
                prepareReport(plan.id);
                notifications.show({ message: `Plan revision ${plan.revision} is approved`, withBorder: true });
                onClose();
              },
            },
          );
        }}
      >
        <Stack gap="sm">
          <Text size="sm" data-testid="signed-numbers">
            Correction <b className="figures">{quantity(plan.correction_deg, 'deg')}</b>
            {wedge && (
              <>
                , {wedge.name} <b className="figures">{quantity(wedge.mm, 'mm')}</b>
              </>
            )}
            . With your approval this revision can no longer be changed, and guides may be designed from it.
          </Text>
          {document && <Warnings warnings={document.warnings} />}
          {approve.isError && <ErrorNote error={approve.error} />}
          <PasswordInput
            label="Your password, as your signature"
            autoComplete="current-password"
            data-autofocus
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            error={fieldError(approve.error, 'password')}
            data-testid="approve-password"
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Not yet
            </Button>
            <Button type="submit" loading={approve.isPending} disabled={password === ''} data-testid="approve-confirm">
              Approve
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
