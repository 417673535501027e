import { Center, Loader, MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { lazy, type ReactNode, Suspense } from 'react';
import { Route, Switch } from 'wouter';

import { ApiError } from '../api/errors';
import { useSession } from '../api/queries';
import { ErrorNote } from '../components/ErrorNote';
import { HomePage } from '../pages/HomePage';
import { LoginPage } from '../pages/LoginPage';
import { NotFoundPage } from '../pages/NotFoundPage';
import { ErrorBoundary } from './ErrorBoundary';
import { SessionExpired } from './SessionExpired';
import { Shell } from './Shell';
import { theme, variables } from './theme';

const CasePage = lazy(() => import('../pages/case/CasePage'));
const ComparePage = lazy(() => import('../pages/guides/ComparePage'));
const DesignPage = lazy(() => import('../pages/guides/DesignPage'));
const GuidesPage = lazy(() => import('../pages/guides/GuidesPage'));
const PeoplePage = lazy(() => import('../pages/PeoplePage'));
const MyStudiesPage = lazy(() => import('../pages/rating/MyStudiesPage'));
const RatingPage = lazy(() => import('../pages/rating/RatingPage'));
const StudiesPage = lazy(() => import('../pages/studies/StudiesPage'));
const StudyWizard = lazy(() => import('../pages/studies/StudyWizard'));
const StudyPage = lazy(() => import('../pages/studies/StudyPage'));

const cache = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // A refusal will be refused again; only silence and failures of the server are worth another try.
      retry: (count, error) => count < 2 && !(error instanceof ApiError && error.status < 500),
    },
  },
});

export function App(): ReactNode {
  return (
    <MantineProvider theme={theme} cssVariablesResolver={variables} defaultColorScheme="dark">
      <Notifications position="bottom-left" limit={3} />
      <ErrorBoundary resetKey="">
        <QueryClientProvider client={cache}>
          <Gate />
        </QueryClientProvider>
      </ErrorBoundary>
    </MantineProvider>
  );
}

function Gate(): ReactNode {
  const { person, isPending, error } = useSession();
  if (isPending) return <Waiting />;
  if (error) {
    return (
      <Center h="100%" p="xl">
        <ErrorNote error={error} onRetry={() => location.reload()} />
      </Center>
    );
  }
  if (!person) return <LoginPage />;
  return (
    <>
      <Shell>
        <Suspense fallback={<Waiting />}>
          <Switch>
            <Route path="/">
              <HomePage person={person} />
            </Route>
            <Route path="/cases/:id">{({ id }) => <CasePage key={id} id={id} />}</Route>
            <Route path="/guides">
              <GuidesPage />
            </Route>
            <Route path="/guides/cases/:id/:guide?">
              {({ id, guide }) => <DesignPage key={id} id={id} guideId={guide ?? null} person={person} />}
            </Route>
            <Route path="/guides/compare/:id/:other">
              {({ id, other }) => <ComparePage key={`${id} ${other}`} id={id} other={other} />}
            </Route>
            <Route path="/people">
              <PeoplePage person={person} />
            </Route>
            <Route path="/rating">
              <MyStudiesPage person={person} />
            </Route>
            <Route path="/rating/:id">{({ id }) => <RatingPage key={id} id={id} person={person} />}</Route>
            <Route path="/studies">
              <StudiesPage person={person} />
            </Route>
            <Route path="/studies/new">
              <StudyWizard />
            </Route>
            <Route path="/studies/:id">{({ id }) => <StudyPage key={id} id={id} person={person} />}</Route>
            <Route>
              <NotFoundPage />
            </Route>
          </Switch>
        </Suspense>
      </Shell>
      <SessionExpired />
    </>
  );
}

function Waiting(): ReactNode {
  return (
    <Center h="100%">
      <Loader size="sm" aria-label="Loading" />
    </Center>
  );
}
