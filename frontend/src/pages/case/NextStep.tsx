import { Button, Stack, Text } from '@mantine/core';
import { ArrowRight, Box } from 'lucide-react';
import { type ReactNode, useState } from 'react';

import { ApiError } from '../../api/errors';
import { useReconstruct, useRetryJob } from '../../api/queries';
import type { CaseDetail, Job } from '../../api/types';
import { ErrorNote } from '../../components/ErrorNote';
import { RunningJob } from '../../components/RunningJob';
import classes from './Case.module.css';
import type { Tab } from './SidePanel';

interface Props {
  detail: CaseDetail;
  tab: Tab;
  onTab: (tab: Tab) => void;
}

/** The one obvious next step: a running job, a failure to mend, or one button. */
export function NextStep({ detail, tab, onTab }: Props): ReactNode {
  const reconstruct = useReconstruct(detail.id);
  const retry = useRetryJob(detail.id);
  const job = detail.active_job;
  const [dismissed, setDismissed] = useState<string | null>(null);
  const last = detail.last_job;
  const failed = !job && last?.state === 'failed' && last.id !== dismissed ? last : null;

  return (
    <section className={classes.next} aria-label="Next step" aria-live="polite" data-testid="next-step" data-step={detail.next_step.code}>
      {job ? (
        <RunningJob key={job.id} job={job} caseId={detail.id} />
      ) : (
        <Stack gap="xs">
          {failed?.error && (
            <ErrorNote
              error={new ApiError(0, failed.error)}
              title={TITLES[failed.kind]}
              {...(BESIDE.includes(failed.kind) && { onClose: () => setDismissed(failed.id) })}
            />
          )}
          {reconstruct.isError && <ErrorNote error={reconstruct.error} onClose={reconstruct.reset} />}
          {retry.isError && <ErrorNote error={retry.error} onClose={retry.reset} />}
          <Act {...{ detail, failed, tab, onTab }} onReconstruct={reconstruct.mutate} onRetry={retry.mutate} busy={reconstruct.isPending || retry.isPending} />
        </Stack>
      )}
    </section>
  );
}

interface ActProps {
  detail: CaseDetail;
  failed: Job | null;
  tab: Tab;
  onTab: (tab: Tab) => void;
  onReconstruct: () => void;
  onRetry: (job: string) => void;
  busy: boolean;
}

/** The step as a button where this person can take it here and now, otherwise in words. */
function Act({ detail, failed, tab, onTab, onReconstruct, onRetry, busy }: ActProps): ReactNode {
  const { code, text } = detail.next_step;
  const may = (act: CaseDetail['allowed'][number]): boolean => detail.allowed.includes(act);
  if (failed && may(RETRIES[failed.kind])) {
    return (
      <Button onClick={() => onRetry(failed.id)} loading={busy} data-testid="retry">
        Try again
      </Button>
    );
  }
  if (code === 'reconstruct' && may('reconstruct')) {
    return (
      <Button leftSection={<Box size={16} />} onClick={onReconstruct} loading={busy} data-testid="reconstruct">
        {text}
      </Button>
    );
  }
  const place = PLACES[code];
  if (place && place !== tab) {
    return (
      <Button rightSection={<ArrowRight size={16} />} onClick={() => onTab(place)} data-testid="next-go">
        {text}
      </Button>
    );
  }
  return (
    <Text size="sm" fw={600}>
      {text}
    </Text>
  );
}

/** Where a step is taken. */
const PLACES: Partial<Record<CaseDetail['next_step']['code'], Tab>> = {
  plan: 'plan',
  approve: 'plan',
  design: 'guide',
  download: 'guide',
  review_checks: 'guide',
  sign_off: 'guide',
};

const TITLES: Record<Job['kind'], string> = {
  reconstruct: 'The reconstruction stopped',
  reconstruct_ct: 'The reconstruction from CT stopped',
  import_bones: 'The import of bones stopped',
  compare_bones: 'The comparison of bones stopped',
  design_guide: 'The design of the guide stopped',
  score_guide: 'The trial of the guide on other bones stopped',
  blind_versions: 'The blinding for a study stopped',
  plan_solids: 'The exact fragments of a plan were not made',
};

/** Who may try a failed task again: whoever may begin it. */
const RETRIES: Record<Job['kind'], CaseDetail['allowed'][number]> = {
  reconstruct: 'reconstruct',
  reconstruct_ct: 'add_bones',
  import_bones: 'add_bones',
  compare_bones: 'compare',
  design_guide: 'design',
  score_guide: 'compare',
  blind_versions: 'add_bones',
  plan_solids: 'plan',
};

/** Tasks beside the way from X-rays to guide: where one fails, the next step is still there. */
const BESIDE: readonly Job['kind'][] = ['reconstruct_ct', 'import_bones', 'compare_bones', 'score_guide', 'blind_versions', 'plan_solids'];
