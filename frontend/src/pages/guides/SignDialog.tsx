import { Button, Group, Modal, PasswordInput, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { type ReactNode, useState } from 'react';

import { fieldError } from '../../api/errors';
import { useSignGuide } from '../../api/guides';
import type { Guide } from '../../api/types';
import { ErrorNote } from '../../components/ErrorNote';
import { checkWords, countChecks, dials } from '../../domain/guides';

interface Props {
  caseId: string;
  guide: Guide;
  onClose: () => void;
}

/** A sign-off is a signature: what is signed, what it means, and the password once more. */
export function SignDialog({ caseId, guide, onClose }: Props): ReactNode {
  const [password, setPassword] = useState('');
  const sign = useSignGuide(caseId);
  const looks = guide.checks.filter((check) => check.status === 'warn');
  return (
    <Modal opened onClose={onClose} title={`Sign off guide ${guide.version}`} size="md" data-testid="sign-dialog">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          sign.mutate(
            { id: guide.id, password },
            {
              onSuccess: () => {
                notifications.show({ message: `Guide ${guide.version} is signed off`, withBorder: true });
                onClose();
              },
            },
          );
        }}
      >
        <Stack gap="sm">
          <Text size="sm">
            Your signature says that this design is fit to be printed. Checks: {checkWords(countChecks(guide.checks))}.
            {guide.scores && ` Simulated scores: ${dials(guide.scores).map(({ label, score }) => `${label.toLowerCase()} ${score}`).join(', ')} of 6.`}
          </Text>
          {looks.length > 0 && (
            <Text size="sm" c="var(--look)" component="div">
              {looks.map((check) => (
                <div key={check.name}>{check.message}</div>
              ))}
            </Text>
          )}
          <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
            Design {guide.sha256.slice(0, 16)} from plan {guide.plan_sha256.slice(0, 16)}
          </Text>
          {sign.isError && <ErrorNote error={sign.error} />}
          <PasswordInput
            label="Your password, as your signature"
            autoComplete="current-password"
            data-autofocus
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            error={fieldError(sign.error, 'password')}
            data-testid="sign-password"
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Not yet
            </Button>
            <Button type="submit" loading={sign.isPending} disabled={password === ''} data-testid="sign-confirm">
              Sign off
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
