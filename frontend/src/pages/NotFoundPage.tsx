import { Button, Center, Stack, Text, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import type { ReactNode } from 'react';
import { Link } from 'wouter';

interface Props {
  what?: string;
}

/** Foreign and unknown objects look the same on purpose. */
export function NotFoundPage({ what = 'page' }: Props): ReactNode {
  useDocumentTitle('Not found · Knee Guides');
  return (
    <Center h="100%" p="xl" data-testid="not-found">
      <Stack gap="sm" maw={420}>
        <Title order={1}>There is no such {what}</Title>
        <Text c="dimmed">
          The address may be mistyped, or what it named is not yours to see. Nothing was changed.
        </Text>
        <div>
          <Button component={Link} href="/">
            To the first page
          </Button>
        </div>
      </Stack>
    </Center>
  );
}
