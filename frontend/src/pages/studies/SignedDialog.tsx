import { Button, Group, Modal, PasswordInput, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import type { UseMutationResult } from '@tanstack/react-query';

import { fieldError } from '../../api/errors';
import type { Signed } from '../../api/studies';
import { ErrorNote } from '../../components/ErrorNote';

interface Props<Made> {
  title: string;
  /** What is done, and that it cannot be taken back. */
  children: ReactNode;
  /** The act, as a verb. */
  act: string;
  final?: boolean;
  /** The name that has to be written under it. */
  name?: string;
  reason?: 'needed' | 'optional';
  reasonLabel?: string;
  mutation: UseMutationResult<Made, Error, Signed>;
  onDone: (made: Made) => void;
  onClose: () => void;
}

/** An act that stands for good: said in full, then a reason, the name as a signature, and the password once more. */
export function SignedDialog<Made>(props: Props<Made>): ReactNode {
  const { title, children, act, final, name, reason, reasonLabel, mutation, onDone, onClose } = props;
  const [given, setGiven] = useState<Signed>({ name: '', password: '', reason: '' });
  const set = (part: Partial<Signed>): void => setGiven((now) => ({ ...now, ...part }));
  const ready =
    given.password !== '' && (reason !== 'needed' || given.reason.trim() !== '') && (name === undefined || given.name.trim() !== '');
  return (
    <Modal opened onClose={onClose} title={title} size="md" data-testid="signed-dialog">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) mutation.mutate({ ...given, reason: given.reason.trim() }, { onSuccess: onDone });
        }}
      >
        <Stack gap="sm">
          <Text size="sm" component="div">
            {children}
          </Text>
          {mutation.isError && <ErrorNote error={mutation.error} />}
          {reason && (
            <Textarea
              label={reasonLabel ?? 'Reason'}
              maxLength={300}
              autosize
              minRows={2}
              data-autofocus
              value={given.reason}
              onChange={(event) => set({ reason: event.currentTarget.value })}
              error={fieldError(mutation.error, 'reason')}
              data-testid="signed-reason"
            />
          )}
          {name !== undefined && (
            <TextInput
              label="Your name, as your signature"
              description={`As it stands in your account: ${name}`}
              autoComplete="off"
              value={given.name}
              onChange={(event) => set({ name: event.currentTarget.value })}
              error={fieldError(mutation.error, 'name')}
              data-testid="signed-name"
            />
          )}
          <PasswordInput
            label="Your password"
            autoComplete="current-password"
            value={given.password}
            onChange={(event) => set({ password: event.currentTarget.value })}
            error={fieldError(mutation.error, 'password')}
            data-testid="signed-password"
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Not now
            </Button>
            <Button type="submit" color={final ? 'stop' : 'accent'} loading={mutation.isPending} disabled={!ready} data-testid="signed-act">
              {act}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
