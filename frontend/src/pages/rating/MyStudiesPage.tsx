import { Button, Progress, Text, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { Bell, ListChecks } from 'lucide-react';
import type { ReactNode } from 'react';
import { Link } from 'wouter';

import { type MyStudy, useMyStudies } from '../../api/rating';
import type { Person } from '../../api/types';
import { ErrorNote } from '../../components/ErrorNote';
import { clock } from '../../domain/format';
import classes from './Rating.module.css';
import { Refusals, SaveState } from './SaveState';
import { useOutbox } from './useOutbox';

const KINDS = {
  model_rating: 'Rate bone models beside their X-rays',
  hto_simulation: 'Try printed guides and rate them',
} as const;

/** What waits for a rater. */
export default function MyStudiesPage({ person }: { person: Person }): ReactNode {
  useDocumentTitle('My studies · Knee Guides');
  const studies = useMyStudies(person);
  const { box, state } = useOutbox(person);
  return (
    <div className={classes.mine} data-testid="my-studies">
      <header className={classes.mineHeader}>
        <Title order={1}>My studies</Title>
        <SaveState box={box} state={state} />
      </header>
      <Refusals box={box} state={state} />
      {studies.isError && <ErrorNote error={studies.error} title="Your studies" onRetry={() => void studies.refetch()} />}
      {studies.isPending && <p className="dim">Loading …</p>}
      {studies.data?.length === 0 && (
        <div className={classes.message}>
          <ListChecks size={30} strokeWidth={1.4} aria-hidden />
          <h2>Nothing waits for you</h2>
          <p>When a coordinator opens a study with you in it, it appears here.</p>
        </div>
      )}
      {studies.data?.map((study) => <StudyCard key={study.id} study={study} />)}
    </div>
  );
}

function StudyCard({ study }: { study: MyStudy }): ReactNode {
  const left = study.items - study.completed;
  return (
    <article className={classes.card} data-testid={`mine-${study.id}`}>
      <div>
        <h2>{study.title}</h2>
        <Text size="sm" c="dimmed">
          {KINDS[study.kind]}
        </Text>
        {study.reminders.map((reminder) => (
          <p key={reminder.at} className={classes.reminder} data-testid="reminder">
            <Bell size={15} aria-hidden /> {reminder.text} <span className="dim">{clock(reminder.at)}</span>
          </p>
        ))}
      </div>
      <div className={classes.cardRight}>
        <span className="figures">
          <b>{study.completed}</b> of {study.items} items rated
        </span>
        <Progress value={(100 * study.completed) / Math.max(1, study.items)} w={170} size="sm" aria-label="Items rated" />
        <Button component={Link} href={`/rating/${study.id}`} variant={left === 0 ? 'default' : 'filled'} data-testid="begin">
          {left === 0 ? 'Look again' : study.completed === 0 ? 'Begin' : 'Go on'}
        </Button>
      </div>
    </article>
  );
}
