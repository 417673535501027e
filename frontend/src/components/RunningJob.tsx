import { Button, Group, Progress, Stack, Text } from '@mantine/core';
import { type ReactNode, useState } from 'react';

import { useCancelJob } from '../api/queries';
import type { Job } from '../api/types';
import { useJob } from '../api/useJob';
import { duration } from '../domain/format';
import { stageWords } from '../domain/states';
import { ConfirmDialog } from './ConfirmDialog';
import { ErrorNote } from './ErrorNote';

const ACTS: Record<Job['kind'], string> = {
  reconstruct: 'Reconstructing the bones',
  reconstruct_ct: 'Reconstructing bones from the CT',
  import_bones: 'Importing bones',
  compare_bones: 'Comparing bones',
  design_guide: 'Designing the guide',
  score_guide: 'Putting the guide on other bones',
  blind_versions: 'Blinding both versions for a study',
  plan_solids: 'Making the exact fragments of a plan',
};

/** A long task: stage, how far it is, what remains, and how to stop it. */
export function RunningJob({ job, caseId }: { job: Job; caseId: string }): ReactNode {
  const now = useJob(job, caseId);
  const cancel = useCancelJob(caseId);
  const [asking, setAsking] = useState(false);
  const stopping = now.cancelling || cancel.isPending || cancel.isSuccess;
  const percent = Math.floor((now.fraction ?? 0) * 100);
  return (
    <Stack gap={6} data-testid="job" data-kind={job.kind}>
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm" fw={600}>
          {ACTS[job.kind]}
        </Text>
        <Text size="sm" fw={600} className="figures" data-testid="job-percent">
          {percent} %
        </Text>
      </Group>
      <Progress value={Math.max(1, percent)} size="md" transitionDuration={300} animated aria-label={ACTS[job.kind]} />
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Text size="xs" c="dimmed" className="figures" data-testid="job-stage">
          {stopping ? 'Stopping …' : now.queued ? 'Waiting for its turn' : stageWords(now.stage)}
          {!stopping && !now.queued && now.remaining_s != null && ` · about ${duration(now.remaining_s)} left`}
        </Text>
        <Button variant="default" size="compact-xs" onClick={() => setAsking(true)} disabled={stopping} data-testid="cancel-job">
          Cancel
        </Button>
      </Group>
      <Text size="xs" c="dimmed">
        You may leave this page; it goes on and will be here when you return.
      </Text>
      {cancel.isError && <ErrorNote error={cancel.error} onClose={cancel.reset} />}
      <ConfirmDialog
        opened={asking}
        title="Stop this work?"
        act="Stop it"
        final
        onClose={() => setAsking(false)}
        onConfirm={() => {
          setAsking(false);
          cancel.mutate(job.id);
        }}
      >
        What has been computed so far is discarded. Images, bones and plans stay as they are, and you can start again.
      </ConfirmDialog>
    </Stack>
  );
}
