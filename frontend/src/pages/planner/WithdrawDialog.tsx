import { Button, Group, Modal, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { type ReactNode, useState } from 'react';

import { fieldError } from '../../api/errors';
import { useWithdrawPlan } from '../../api/plans';
import type { PlanSummary } from '../../api/types';
import { ErrorNote } from '../../components/ErrorNote';

interface Props {
  caseId: string;
  plan: PlanSummary;
  onClose: () => void;
}

/** Taking an approval back is signed as the approval was, and says why. */
export function WithdrawDialog({ caseId, plan, onClose }: Props): ReactNode {
  const [reason, setReason] = useState('');
  const [password, setPassword] = useState('');
  const withdraw = useWithdrawPlan(caseId);
  return (
    <Modal opened onClose={onClose} title={`Withdraw the approval of revision ${plan.revision}`} size="md" data-testid="withdraw-dialog">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          withdraw.mutate(
            { id: plan.id, password, reason },
            {
              onSuccess: () => {
                notifications.show({ message: `The approval of plan revision ${plan.revision} is withdrawn`, withBorder: true });
                onClose();
              },
            },
          );
        }}
      >
        <Stack gap="sm">
          <Text size="sm">
            The plan stays readable, but every guide that was made from it is void and can no longer be downloaded. This cannot be taken
            back: another revision is to be saved and approved.
          </Text>
          {withdraw.isError && <ErrorNote error={withdraw.error} />}
          <TextInput
            label="Reason"
            required
            maxLength={300}
            data-autofocus
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
            error={fieldError(withdraw.error, 'reason')}
            data-testid="withdraw-reason"
          />
          <PasswordInput
            label="Your password, as your signature"
            autoComplete="current-password"
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            error={fieldError(withdraw.error, 'password')}
            data-testid="withdraw-password"
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Keep it approved
            </Button>
            <Button type="submit" color="stop" loading={withdraw.isPending} disabled={password === '' || reason.trim() === ''} data-testid="withdraw-confirm">
              Withdraw the approval
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
