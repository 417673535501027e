import { Center, Loader, Text } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { type ReactNode, useMemo, useState } from 'react';

import { ApiError } from '../../api/errors';
import { useOffered } from '../../api/guides';
import { useCase } from '../../api/queries';
import type { CaseDetail, Guide, Person } from '../../api/types';
import { ErrorNote } from '../../components/ErrorNote';
import { RunningJob } from '../../components/RunningJob';
import { checkWords, countChecks, judgedOn } from '../../domain/guides';
import caseClasses from '../case/Case.module.css';
import { Checks } from '../case/Checks';
import { NotFoundPage } from '../NotFoundPage';
import { DesignForm } from './DesignForm';
import { DesignHeader } from './DesignHeader';
import { DesignWork, type Focus } from './DesignWork';
import classes from './Guides.module.css';
import { JudgedOn } from './JudgedOn';
import { ReleasePanel } from './ReleasePanel';
import { ScoreDials } from './ScoreDials';
import { usePainting } from './usePainting';

interface Props {
  id: string;
  /** A design of the case; the newest where none is asked for. */
  guideId: string | null;
  person: Person;
}

/** The designs of one case: make one, look at it, judge it, sign it, take it. */
export default function DesignPage({ id, guideId, person }: Props): ReactNode {
  const query = useCase(id);
  useDocumentTitle(query.data ? `${query.data.pseudonym} · Guides · Knee Guides` : 'Guides · Knee Guides');
  if (query.data) {
    const { guides } = query.data;
    const guide = guideId === null ? (guides.at(-1) ?? null) : guides.find((one) => one.id === guideId);
    return guide === undefined ? <NotFoundPage what="guide" /> : <Design detail={query.data} guide={guide} person={person} />;
  }
  if (query.error instanceof ApiError && query.error.status === 404) return <NotFoundPage what="case" />;
  return (
    <Center h="100%" p="xl">
      {query.isError ? <ErrorNote error={query.error} onRetry={() => void query.refetch()} /> : <Loader size="sm" />}
    </Center>
  );
}

function Design({ detail, guide, person }: { detail: CaseDetail; guide: Guide | null; person: Person }): ReactNode {
  const offered = useOffered();
  const [focus, setFocus] = useState<Focus | null>(null);
  const painting = usePainting(guide);
  const approved = detail.plans.find((plan) => plan.status === 'approved');
  const shownPlan = detail.plans.find((plan) => plan.id === guide?.plan) ?? approved;
  const boneSet = detail.bone_sets.find((set) => set.id === (shownPlan?.bone_set ?? detail.current_bone_set));
  const engineer = person.roles.includes('engineer');
  const [judgedOnId, setJudgedOn] = useState<string | null>(null);
  const judgedBones = detail.bone_sets.find((set) => set.id === judgedOnId) ?? boneSet;
  const judged = useMemo(() => guide && judgedOn(guide, judgedBones?.id ?? null), [guide, judgedBones]);
  const untried = judged === guide && judgedBones?.id !== boneSet?.id;
  return (
    <div className={classes.page} data-testid="design-page" data-guide={guide?.version}>
      <DesignHeader detail={detail} plan={shownPlan} guide={guide} />
      <aside className={`${classes.side} ${classes.left}`} aria-label="How it is designed">
        {offered.isError && <ErrorNote error={offered.error} onRetry={() => void offered.refetch()} />}
        {offered.data && approved ? (
          <DesignForm
            key={guide?.id ?? 'new'}
            caseId={detail.id}
            plan={approved.id}
            guide={guide}
            offered={offered.data}
            painting={painting.strokes}
            busy={detail.active_job !== null}
            mayAddPresets={engineer}
          />
        ) : (
          !approved && (
            <Text size="sm" c="dimmed" data-testid="no-approved-plan">
              No plan of this case is approved now. A guide is designed from an approved plan.
            </Text>
          )
        )}
      </aside>
      <DesignWork side={detail.side} boneSet={boneSet} guide={judged} focus={focus} painting={approved ? painting : null} />
      <aside className={`${classes.side} ${classes.right}`} aria-label="How it was judged" aria-live="polite">
        <Progress detail={detail} />
        {guide ? (
          <>
            <section className={classes.section}>
              <ReleasePanel key={guide.id} caseId={detail.id} guide={guide} maySign={engineer} />
            </section>
            <section className={classes.section}>
              {boneSet && judgedBones && (
                <JudgedOn detail={detail} guide={guide} own={boneSet} chosen={judgedBones} onChoose={setJudgedOn} />
              )}
              {judged && !untried && <ScoreDials scores={judged.scores} />}
            </section>
            <section className={classes.section}>
              <h2 className={caseClasses.heading}>Checks: {checkWords(countChecks(guide.checks))}</h2>
              <Checks checks={guide.checks} onLook={(place) => setFocus((now) => ({ place, key: (now?.key ?? 0) + 1 }))} />
            </section>
          </>
        ) : (
          <Text size="sm" c="dimmed">
            The guide, its checks and its scores appear here as soon as it is designed.
          </Text>
        )}
      </aside>
    </div>
  );
}

/** The task of the case that runs, or why the last design stopped. */
function Progress({ detail }: { detail: CaseDetail }): ReactNode {
  const [dismissed, setDismissed] = useState<string | null>(null);
  const { active_job: job, last_job: last } = detail;
  if (job) {
    return (
      <section className={classes.section}>
        <RunningJob key={job.id} job={job} caseId={detail.id} />
      </section>
    );
  }
  if (last?.kind !== 'design_guide' || last.state !== 'failed' || !last.error || last.id === dismissed) return null;
  return (
    <section className={classes.section}>
      <ErrorNote error={new ApiError(0, last.error)} title="The design of the guide stopped" onClose={() => setDismissed(last.id)} />
    </section>
  );
}
