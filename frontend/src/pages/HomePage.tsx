import { Button, Center, Stack, Text, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import type { ReactNode } from 'react';
import { Link, Redirect } from 'wouter';

import type { Person } from '../api/types';
import { WorklistPage } from './worklist/WorklistPage';

/** Surgeons and engineers start at the worklist, raters and coordinators at their studies; others are told what there is. */
export function HomePage({ person }: { person: Person }): ReactNode {
  if (person.roles.includes('surgeon') || person.roles.includes('engineer')) return <WorklistPage person={person} />;
  if (person.roles.includes('rater')) return <Redirect to="/rating" replace />;
  if (person.roles.includes('coordinator') && !person.roles.includes('administrator')) return <Redirect to="/studies" replace />;
  return <QuietHome person={person} />;
}

function QuietHome({ person }: { person: Person }): ReactNode {
  useDocumentTitle('Home · Knee Guides');
  const administrator = person.roles.includes('administrator');
  return (
    <Center h="100%" p="xl" data-testid="quiet-home">
      <Stack gap="sm" maw={460}>
        <Title order={1}>Welcome, {person.name}</Title>
        {administrator ? (
          <>
            <Text c="dimmed">
              You look after the people of this site: who may log in, and as what. Patients and cases are seen by surgeons
              and engineers only.
            </Text>
            <div>
              <Button component={Link} href="/people">
                To the people
              </Button>
            </div>
          </>
        ) : (
          <Text c="dimmed">
            {person.roles.length === 0
              ? 'You have no role yet. An administrator of your site can give you one; then your work appears here.'
              : 'There is nothing for you to do yet. Cases are seen by surgeons and engineers only; what a coordinator takes part in will appear here.'}
          </Text>
        )}
      </Stack>
    </Center>
  );
}
