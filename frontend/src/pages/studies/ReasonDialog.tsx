import { Button, Group, Modal, Stack, Text, Textarea } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import type { UseMutationResult } from '@tanstack/react-query';

import { ErrorNote } from '../../components/ErrorNote';

interface Props {
  title: string;
  children: ReactNode;
  act: string;
  final?: boolean;
  label?: string;
  /** A text that may be left out. */
  optional?: boolean;
  mutation: UseMutationResult<unknown, Error, string>;
  onClose: () => void;
}

/** An act that needs a few words beside it. */
export function ReasonDialog({ title, children, act, final, label, optional, mutation, onClose }: Props): ReactNode {
  const [text, setText] = useState('');
  const ready = optional === true || text.trim() !== '';
  return (
    <Modal opened onClose={onClose} title={title} size="sm" data-testid="reason-dialog">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) mutation.mutate(text.trim(), { onSuccess: onClose });
        }}
      >
        <Stack gap="sm">
          <Text size="sm" component="div">
            {children}
          </Text>
          {mutation.isError && <ErrorNote error={mutation.error} />}
          <Textarea
            label={label ?? 'Reason'}
            autosize
            minRows={2}
            maxLength={300}
            data-autofocus
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            data-testid="reason"
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Keep it as it is
            </Button>
            <Button type="submit" color={final ? 'stop' : 'accent'} loading={mutation.isPending} disabled={!ready} data-testid="reason-act">
              {act}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
