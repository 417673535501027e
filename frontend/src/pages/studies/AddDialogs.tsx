import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { type ReactNode, useState } from 'react';

import { type Study, studyActs, useStudyAct, useStudyOptions } from '../../api/studies';
import { ErrorNote } from '../../components/ErrorNote';
import { type Choice, toCases } from '../../domain/studyDraft';
import { CasePicker } from './CasePicker';
import { RaterPicker } from './RaterPicker';

interface Props {
  study: Study;
  onClose: () => void;
}

export function AddCasesDialog({ study, onClose }: Props): ReactNode {
  const options = useStudyOptions(study.kind, { study: study.id });
  const add = useStudyAct(studyActs.addCases(study.id));
  const [cases, setCases] = useState<Readonly<Record<string, Choice>>>({});
  const running = study.state === 'running';
  return (
    <AddDialog
      title="Add cases"
      count={Object.keys(cases).length}
      error={options.error ?? add.error}
      busy={add.isPending}
      onAdd={() => add.mutate(toCases(cases), { onSuccess: onClose })}
      onClose={onClose}
    >
      {running && `They come behind everything in every list, at least ${study.distance} at once; nobody's order changes, and a second commitment is published.`}
      {options.data && <CasePicker kind={study.kind} candidates={options.data.cases} value={cases} mayTrain={!running} onChange={setCases} />}
    </AddDialog>
  );
}

export function AddRatersDialog({ study, onClose }: Props): ReactNode {
  const options = useStudyOptions(study.kind, { study: study.id });
  const add = useStudyAct(studyActs.addRaters(study.id));
  const [raters, setRaters] = useState<string[]>([]);
  return (
    <AddDialog
      title="Add raters"
      count={raters.length}
      error={options.error ?? add.error}
      busy={add.isPending}
      onAdd={() => add.mutate(raters, { onSuccess: onClose })}
      onClose={onClose}
    >
      {options.data && <RaterPicker candidates={options.data.raters} value={raters} onChange={setRaters} />}
    </AddDialog>
  );
}

interface DialogProps {
  title: string;
  count: number;
  error: unknown;
  busy: boolean;
  children: ReactNode;
  onAdd: () => void;
  onClose: () => void;
}

function AddDialog({ title, count, error, busy, children, onAdd, onClose }: DialogProps): ReactNode {
  return (
    <Modal opened onClose={onClose} title={title} size="xl" data-testid="add-dialog">
      <Stack gap="md">
        <Text size="sm" component="div">
          {children}
        </Text>
        {error != null && <ErrorNote error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Keep it as it is
          </Button>
          <Button disabled={count === 0} loading={busy} onClick={onAdd} data-testid="add-chosen">
            Add {count}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
