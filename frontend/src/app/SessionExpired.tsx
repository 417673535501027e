import { Button, Modal, Text } from '@mantine/core';
import { type ReactNode, useSyncExternalStore } from 'react';

import { useSession } from '../api/queries';
import { abandoned, isExpired, renewed, subscribe } from '../api/session';
import { LoginForm } from './LoginForm';

/** Lies over the page when the session has run out; the page keeps everything that was typed. */
export function SessionExpired(): ReactNode {
  const expired = useSyncExternalStore(subscribe, isExpired);
  const { person } = useSession();
  return (
    <Modal
      opened={expired}
      onClose={() => {}}
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
      title="Your session has ended"
      size="sm"
      zIndex={1000}
      data-testid="session-expired"
    >
      <Text size="sm" c="dimmed" mb="md">
        Log in again to go on. Nothing that you typed is lost, and what you just asked for is done right after.
      </Text>
      <LoginForm
        {...(person ? { username: person.username } : {})}
        onDone={(next) => {
          // Somebody else must not continue on this person's page.
          if (person && next.id !== person.id) location.assign('/');
          else renewed();
        }}
      />
      <Button
        variant="subtle"
        color="gray"
        fullWidth
        mt="xs"
        onClick={() => {
          abandoned();
          location.assign('/');
        }}
      >
        Leave this page
      </Button>
    </Modal>
  );
}
