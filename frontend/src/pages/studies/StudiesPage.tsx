import { Button, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { ChevronRight, FlaskConical, Plus } from 'lucide-react';
import type { ReactNode } from 'react';
import { Link } from 'wouter';

import { type StudySummary, useStudies } from '../../api/studies';
import type { Person } from '../../api/types';
import { ErrorNote } from '../../components/ErrorNote';
import { day } from '../../domain/format';
import { KINDS } from '../../domain/studyDraft';
import { StateMark } from './StateMark';
import classes from './Studies.module.css';

/** All studies of the sites where the person runs studies. */
export default function StudiesPage({ person }: { person: Person }): ReactNode {
  useDocumentTitle('Studies · Knee Guides');
  const studies = useStudies();
  const mayCreate = person.roles.includes('coordinator');
  const begin = (
    <Button component={Link} href="/studies/new" leftSection={<Plus size={16} />} data-testid="new-study">
      New study
    </Button>
  );
  return (
    <div className={classes.page} data-testid="studies">
      <header className={classes.pageHeader}>
        <Title order={1}>Studies</Title>
        {mayCreate && studies.data && studies.data.length > 0 && begin}
      </header>
      {studies.isError && <ErrorNote error={studies.error} title="The studies" onRetry={() => void studies.refetch()} />}
      {studies.isPending && <p className="dim">Loading …</p>}
      {studies.data?.length === 0 && (
        <div className={classes.empty}>
          <FlaskConical size={34} strokeWidth={1.3} aria-hidden />
          <h2>No study yet</h2>
          <p>
            A blinded study compares CT-based with X-ray-based versions of the same cases: raters never learn which is
            which, and nobody sees scores by source before the study is locked.
          </p>
          {mayCreate && begin}
        </div>
      )}
      {studies.data && studies.data.length > 0 && (
        <div className={classes.rows}>
          {studies.data.map((study) => (
            <Row key={study.id} study={study} />
          ))}
        </div>
      )}
    </div>
  );
}

function Row({ study }: { study: StudySummary }): ReactNode {
  return (
    <Link href={`/studies/${study.id}`} className={classes.row} data-testid={`study-${study.title}`}>
      <b>{study.title}</b>
      <span className="dim">{KINDS[study.kind].name}</span>
      <StateMark state={study.state} />
      <span className="dim">{study.coordinator}</span>
      <span className={`${classes.time} dim figures`}>{day(study.started_at ?? study.created_at)}</span>
      <ChevronRight size={16} className="dim" aria-hidden />
    </Link>
  );
}
