import { Button, Center, Group, Stack, Text, Title } from '@mantine/core';
import { Component, type ErrorInfo, type ReactNode } from 'react';

interface Props {
  children: ReactNode;
  /** A change of this (the address) gives the page another chance. */
  resetKey: string;
}

interface State {
  error: Error | null;
}

/** A page that breaks says so, and leaves the rest of the application standing. */
export class ErrorBoundary extends Component<Props, State> {
  override state: State = { error: null };

  static getDerivedStateFromError(error: Error): State {
    return { error };
  }

  override componentDidUpdate(previous: Props): void {
    if (previous.resetKey !== this.props.resetKey && this.state.error) this.setState({ error: null });
  }

  override componentDidCatch(error: Error, info: ErrorInfo): void {
    console.error('a page failed', error, info.componentStack);
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <Center h="100%" p="xl" data-testid="error-boundary">
        <Stack maw={460} gap="sm">
          <Title order={1}>This page failed to draw itself</Title>
          <Text c="dimmed">
            What was saved on the server is safe. Reload the page; if it fails again, tell your administrator what you
            were doing.
          </Text>
          <Text size="xs" c="dimmed" ff="monospace">
            {error.message}
          </Text>
          <Group>
            <Button onClick={() => location.reload()}>Reload</Button>
            <Button variant="default" component="a" href="/">
              Back to the worklist
            </Button>
          </Group>
        </Stack>
      </Center>
    );
  }
}
