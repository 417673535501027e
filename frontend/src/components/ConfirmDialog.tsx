import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';

interface Props {
  opened: boolean;
  title: string;
  children: ReactNode;
  /** The act, as a verb: "Remove the image". */
  act: string;
  /** Red for what cannot be taken back. */
  final?: boolean;
  busy?: boolean;
  onConfirm: () => void;
  onClose: () => void;
}

/** Asks before anything that cannot be undone. */
export function ConfirmDialog({ opened, title, children, act, final, busy, onConfirm, onClose }: Props): ReactNode {
  return (
    <Modal opened={opened} onClose={onClose} title={title} size="sm" data-testid="confirm">
      <Stack gap="md">
        <Text size="sm" component="div">
          {children}
        </Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            Keep it as it is
          </Button>
          <Button color={final ? 'stop' : 'accent'} onClick={onConfirm} loading={busy ?? false} data-testid="confirm-act">
            {act}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
