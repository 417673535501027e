import { Tabs } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { ArrowLeft } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { Link } from 'wouter';

import { type Study, useStudy } from '../../api/studies';
import type { Person } from '../../api/types';
import { ErrorNote } from '../../components/ErrorNote';
import { KINDS } from '../../domain/studyDraft';
import { ClosingTab } from './ClosingTab';
import { CourseOfStates, NextAct } from './NextAct';
import { DeviationsTab } from './DeviationsTab';
import { ProgressTab } from './ProgressTab';
import { ReportTab } from './ReportTab';
import { SetupTab } from './SetupTab';
import classes from './Studies.module.css';

interface Props {
  id: string;
  person: Person;
}

type TabName = 'setup' | 'progress' | 'deviations' | 'closing' | 'report';

/** One study: what is to do next on top, everything else in tabs. */
export default function StudyPage({ id, person }: Props): ReactNode {
  const query = useStudy(id);
  useDocumentTitle(`${query.data?.title ?? 'Study'} · Knee Guides`);
  if (query.data) return <Shown study={query.data} person={person} />;
  return (
    <div className={classes.page}>
      {query.isError ? <ErrorNote error={query.error} title="The study" onRetry={() => void query.refetch()} /> : <p className="dim">Loading …</p>}
    </div>
  );
}

function Shown({ study, person }: { study: Study; person: Person }): ReactNode {
  const mayRun = person.roles.includes('coordinator');
  const first: TabName = study.state === 'unblinded' ? 'report' : study.state === 'locked' ? 'closing' : study.state === 'running' ? 'progress' : 'setup';
  // The tab follows the course of the study; one that was chosen stays until the study moves on.
  const [chosen, setChosen] = useState<{ tab: TabName; state: Study['state'] } | null>(null);
  const sealed = study.state !== 'draft' && study.state !== 'ready';
  return (
    <div className={classes.page} data-testid="study">
      <header className={classes.pageHeader}>
        <div className={classes.titleLine}>
          <Link href="/studies" aria-label="Back to the studies" className={classes.back}>
            <ArrowLeft size={18} aria-hidden />
          </Link>
          <h1 data-testid="study-title">{study.title}</h1>
          <span className="dim">{KINDS[study.kind].name}</span>
        </div>
        <CourseOfStates state={study.state} />
      </header>
      <NextAct study={study} person={person} mayRun={mayRun} />
      <Tabs value={chosen?.state === study.state ? chosen.tab : first} onChange={(value) => setChosen({ tab: value as TabName, state: study.state })} keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="setup" data-testid="tab-setup">
            Set-up
          </Tabs.Tab>
          {sealed && (
            <>
              <Tabs.Tab value="progress" data-testid="tab-progress">
                Progress
              </Tabs.Tab>
              <Tabs.Tab value="deviations" data-testid="tab-deviations">
                Deviations
              </Tabs.Tab>
              <Tabs.Tab value="closing" data-testid="tab-closing">
                Seals and signatures
              </Tabs.Tab>
            </>
          )}
          {study.state === 'unblinded' && (
            <Tabs.Tab value="report" data-testid="tab-report">
              Report
            </Tabs.Tab>
          )}
        </Tabs.List>
        <Tabs.Panel value="setup">
          <SetupTab study={study} mayRun={mayRun} />
        </Tabs.Panel>
        <Tabs.Panel value="progress">
          <ProgressTab study={study} mayRun={mayRun} />
        </Tabs.Panel>
        <Tabs.Panel value="deviations">
          <DeviationsTab study={study} mayRun={mayRun} />
        </Tabs.Panel>
        <Tabs.Panel value="closing">
          <ClosingTab study={study} person={person} />
        </Tabs.Panel>
        <Tabs.Panel value="report">
          <ReportTab study={study} />
        </Tabs.Panel>
      </Tabs>
    </div>
  );
}
