import { Alert, Button, CloseButton, Group, Stack, Text } from '@mantine/core';
import { OctagonAlert } from 'lucide-react';
import type { ReactNode } from 'react';

import { asProblem } from '../api/errors';
import classes from './ErrorNote.module.css';

interface Props {
  error: unknown;
  onRetry?: () => void;
  onClose?: () => void;
  /** What the person was doing, when the message alone would not say. */
  title?: string;
  children?: ReactNode;
}

/** Every error in one shape: what happened, what was kept, what to do next. */
export function ErrorNote({ error, onRetry, onClose, title, children }: Props): ReactNode {
  const problem = asProblem(error);
  return (
    <Alert className={classes.note} p="sm" role="alert" data-testid="error-note" data-code={problem.code}>
      <Group wrap="nowrap" align="flex-start" gap="sm">
        <OctagonAlert size={18} color="var(--stop)" style={{ flexShrink: 0, marginTop: 1 }} aria-hidden />
        <Stack gap={4} flex={1} miw={0}>
          {title && (
            <Text size="xs" c="dimmed">
              {title}
            </Text>
          )}
          <Text size="sm" fw={550} data-testid="error-message" style={{ overflowWrap: 'anywhere' }}>
            {sentence(problem.message)}
          </Text>
          {problem.kept && (
            <Text size="xs" data-testid="error-kept">
              {sentence(problem.kept)}
            </Text>
          )}
          {problem.remedy && (
            <Text size="xs" data-testid="error-remedy">
              <b>Next:</b> {sentence(problem.remedy)}
            </Text>
          )}
          {children}
          {onRetry && (
            <Group mt={4}>
              <Button size="compact-sm" variant="default" onClick={onRetry}>
                Try again
              </Button>
            </Group>
          )}
        </Stack>
        {onClose && <CloseButton size="sm" onClick={onClose} aria-label="Dismiss this message" />}
      </Group>
    </Alert>
  );
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
