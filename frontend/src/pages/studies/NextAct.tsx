import { Button, Group, Progress, Text } from '@mantine/core';
import { type ReactNode, useState } from 'react';

import { type Missing, type Study, type StudyState, studyActs, useReadiness, useStudyAct } from '../../api/studies';
import type { Person } from '../../api/types';
import { ConfirmDialog } from '../../components/ConfirmDialog';
import { ErrorNote } from '../../components/ErrorNote';
import { ClosingActs } from './ClosingActs';
import classes from './Studies.module.css';

const COURSE: readonly (readonly [StudyState, string])[] = [
  ['draft', 'Draft'],
  ['ready', 'Ready'],
  ['running', 'Running'],
  ['locked', 'Locked'],
  ['unblinded', 'Unblinded'],
];

/** The five states, and which of them it is in. */
export function CourseOfStates({ state }: { state: StudyState }): ReactNode {
  const at = COURSE.findIndex(([name]) => name === state);
  return (
    <ol className={classes.course} aria-label="Course of the study" data-testid="course" data-state={state}>
      {COURSE.map(([name, label], i) => (
        <li key={name} data-past={i < at || undefined} aria-current={i === at ? 'step' : undefined}>
          {label}
        </li>
      ))}
    </ol>
  );
}

interface Props {
  study: Study;
  person: Person;
  mayRun: boolean;
}

/** The one thing to do next. */
export function NextAct({ study, person, mayRun }: Props): ReactNode {
  return (
    <section className={classes.next} aria-label="Next step" data-testid="next-act">
      {study.state === 'draft' && <DraftActs study={study} mayRun={mayRun} />}
      {study.state === 'ready' && <ReadyActs study={study} mayRun={mayRun} />}
      {(study.state === 'running' || study.state === 'locked' || study.state === 'unblinded') && (
        <ClosingActs study={study} person={person} mayRun={mayRun} />
      )}
    </section>
  );
}

function DraftActs({ study, mayRun }: { study: Study; mayRun: boolean }): ReactNode {
  const readiness = useReadiness(study);
  const ready = useStudyAct(studyActs.ready(study.id));
  const missing = readiness.data?.missing;
  return (
    <>
      <div>
        <h2>{missing?.length === 0 ? 'Nothing is missing' : 'Why it is not ready yet'}</h2>
        {missing && <MissingList items={missing} />}
        {missing?.length === 0 && (
          <Text size="sm" c="dimmed">
            Closing the draft makes both versions of every case alike to the eye of a rater: one number of triangles, no
            names, no headers. It can be made a draft again until the study is opened.
          </Text>
        )}
        {(readiness.isError || ready.isError) && <ErrorNote error={readiness.error ?? ready.error} />}
      </div>
      {mayRun && (
        <Button disabled={missing?.length !== 0} loading={ready.isPending} onClick={() => ready.mutate(undefined)} data-testid="make-ready">
          Close the draft
        </Button>
      )}
    </>
  );
}

function ReadyActs({ study, mayRun }: { study: Study; mayRun: boolean }): ReactNode {
  const readiness = useReadiness(study);
  const [opening, setOpening] = useState(false);
  const start = useStudyAct(studyActs.start(study.id));
  const reopen = useStudyAct(studyActs.reopen(study.id));
  const blind = useStudyAct(studyActs.blind(study.id));
  const waiting = readiness.data?.not_blinded ?? [];
  const missing = readiness.data?.missing ?? [];
  const live = study.cases.filter((one) => one.withdrawn_at === null);
  const blinded = live.length - waiting.length;
  const able = readiness.data !== undefined && waiting.length === 0 && missing.length === 0;
  return (
    <>
      <div>
        <h2>{able ? 'Ready to open' : waiting.length > 0 ? 'Both versions are being made alike' : 'Something changed since the draft was closed'}</h2>
        {waiting.length > 0 && (
          <Group gap="sm">
            <Progress value={(100 * blinded) / Math.max(1, live.length)} w={220} aria-label="Cases prepared" />
            <Text size="sm" className="figures" data-testid="blinded">
              {blinded} of {live.length} cases prepared
            </Text>
            {mayRun && (
              <Button size="compact-sm" variant="default" loading={blind.isPending} onClick={() => blind.mutate(undefined)}>
                Prepare again what failed
              </Button>
            )}
          </Group>
        )}
        <MissingList items={missing} />
        {able && (
          <Text size="sm" c="dimmed">
            Opening draws and seals the allocation, publishes its SHA-256, and lets raters begin.
          </Text>
        )}
        {[start, reopen, blind].map((act, i) => act.isError && <ErrorNote key={i} error={act.error} onClose={act.reset} />)}
      </div>
      {mayRun && (
        <Group wrap="nowrap">
          <Button variant="default" loading={reopen.isPending} onClick={() => reopen.mutate(undefined)} data-testid="reopen">
            Back to the draft
          </Button>
          <Button disabled={!able} onClick={() => setOpening(true)} data-testid="open-study">
            Open the study
          </Button>
        </Group>
      )}
      <ConfirmDialog
        opened={opening}
        title={`Open ${study.title}?`}
        act="Open the study"
        busy={start.isPending}
        onClose={() => setOpening(false)}
        onConfirm={() => start.mutate(undefined, { onSettled: () => setOpening(false) })}
      >
        The order of every rater is drawn and sealed, and its SHA-256 is published: from then on nobody can change which
        item shows which version. Questions, margins and distance stay as they are now. Cases and raters can be added, and
        withdrawn with a reason.
      </ConfirmDialog>
    </>
  );
}

function MissingList({ items }: { items: readonly Missing[] }): ReactNode {
  if (items.length === 0) return null;
  return (
    <ul className={classes.missing} data-testid="missing">
      {items.map((one) => (
        <li key={one.text} data-code={one.code}>
          {one.text}
        </li>
      ))}
    </ul>
  );
}
