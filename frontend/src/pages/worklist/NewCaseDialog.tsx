import { Button, FileButton, Group, Modal, Progress, SegmentedControl, Stack, Switch, Text, TextInput, Tooltip } from '@mantine/core';
import { ArrowUpDown, FilePlus2 } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import { useLocation } from 'wouter';

import { fieldError } from '../../api/errors';
import { uploadImage, useCreateCase } from '../../api/queries';
import { noteRefusal } from '../../api/refusals';
import type { Side, XrayView } from '../../api/types';
import { ErrorNote } from '../../components/ErrorNote';
import { assignViews } from '../../domain/files';
import { bytes } from '../../domain/format';
import classes from './Worklist.module.css';

const PSEUDONYM = /^[A-Za-z0-9-]{3,24}$/;

interface Props {
  files: File[];
  onClose: () => void;
}

/** Pseudonym, side, urgency, and the images if they are at hand. */
export function NewCaseDialog({ files, onClose }: Props): ReactNode {
  const [, go] = useLocation();
  const [pseudonym, setPseudonym] = useState('');
  const [side, setSide] = useState<Side | ''>('');
  const [urgent, setUrgent] = useState(false);
  const [pair, setPair] = useState(() => assignViews(files));
  const [sending, setSending] = useState<number | null>(null);
  const [touched, setTouched] = useState(false);
  const create = useCreateCase();
  const busy = create.isPending || sending !== null;

  useEffect(() => {
    const warn = (event: BeforeUnloadEvent): void => event.preventDefault();
    if (busy) window.addEventListener('beforeunload', warn);
    return () => window.removeEventListener('beforeunload', warn);
  }, [busy]);

  const begin = async (): Promise<void> => {
    setTouched(true);
    if (!PSEUDONYM.test(pseudonym) || side === '') return;
    const created = await create.mutateAsync({ pseudonym, side, urgent });
    const given = (['ap', 'lateral'] as const).flatMap((view) => (pair[view] ? [[view, pair[view]] as const] : []));
    for (const [index, [view, file]] of given.entries()) {
      setSending(index / given.length);
      try {
        await uploadImage(created.id, view, file, (part) => setSending((index + part) / given.length));
      } catch (error) {
        // The case exists and is usable: its page shows what was refused, beside the place to try again.
        noteRefusal(created.id, view, { file: file.name, error });
      }
    }
    go(`/cases/${created.id}`);
  };

  const choose = (view: XrayView) => (file: File | null) => setPair((now) => ({ ...now, [view]: file }));

  return (
    <Modal opened onClose={busy ? () => {} : onClose} title="New case" size="md" data-testid="new-case-dialog">
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          begin().catch(() => {});
        }}
      >
        <Stack gap="md">
          {create.isError && <ErrorNote error={create.error} />}
          <TextInput
            label="Pseudonym"
            description="3 to 24 letters, digits and dashes; never a name or a hospital number"
            data-autofocus
            autoComplete="off"
            spellCheck={false}
            value={pseudonym}
            onChange={(event) => setPseudonym(event.currentTarget.value.trim())}
            error={
              fieldError(create.error, 'pseudonym') ??
              (touched && !PSEUDONYM.test(pseudonym) ? 'Use 3 to 24 letters, digits and dashes' : undefined)
            }
            data-testid="pseudonym"
          />
          <div>
            <Text size="sm" fw={500} mb={4} id="side-label">
              Side
            </Text>
            <SegmentedControl
              aria-labelledby="side-label"
              fullWidth
              value={side}
              onChange={(value) => setSide(value as Side)}
              data={[
                { value: 'L', label: 'Left knee' },
                { value: 'R', label: 'Right knee' },
              ]}
              data-testid="side"
            />
            {touched && side === '' && (
              <Text size="xs" c="var(--stop)" mt={4}>
                Say which knee it is
              </Text>
            )}
          </div>
          <Switch label="Urgent" checked={urgent} onChange={(event) => setUrgent(event.currentTarget.checked)} data-testid="urgent" />
          <div>
            <Group justify="space-between" mb={4}>
              <Text size="sm" fw={500}>
                X-rays (DICOM), now or later
              </Text>
              {(pair.ap || pair.lateral) && (
              <Tooltip label="Exchange AP and lateral">
                <Button
                  variant="subtle"
                  color="gray"
                  size="compact-xs"
                  leftSection={<ArrowUpDown size={13} />}
                  onClick={() => setPair(({ ap, lateral }) => ({ ap: lateral, lateral: ap }))}
                >
                  Swap
                </Button>
              </Tooltip>
              )}
            </Group>
            <div className={classes.files}>
              <FileLine label="AP" file={pair.ap} onChoose={choose('ap')} />
              <FileLine label="Lateral" file={pair.lateral} onChoose={choose('lateral')} />
            </div>
            {files.length > 2 && (
              <Text size="xs" c="var(--look)" mt={4}>
                {files.length} files were dropped; a case takes one AP and one lateral view.
              </Text>
            )}
          </div>
          {sending !== null && <Progress value={sending * 100} aria-label="Upload" />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose} disabled={busy}>
              Cancel
            </Button>
            <Button type="submit" loading={busy} data-testid="create-case">
              Start the case
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

interface FileLineProps {
  label: string;
  file: File | null;
  onChoose: (file: File | null) => void;
}

function FileLine({ label, file, onChoose }: FileLineProps): ReactNode {
  return (
    <div className={classes.file}>
      <span className={classes.fileView}>{label}</span>
      <span className={classes.fileName}>
        {file ? (
          <>
            {file.name} <span className="dim">{bytes(file.size)}</span>
          </>
        ) : (
          <span className="dim">none yet</span>
        )}
      </span>
      {file && (
        <Button variant="subtle" color="gray" size="compact-xs" onClick={() => onChoose(null)} aria-label={`Remove the ${label} file`}>
          Remove
        </Button>
      )}
      <FileButton onChange={onChoose} accept=".dcm,.dicom,application/dicom,*/*">
        {(props) => (
          <Button {...props} variant="default" size="compact-xs" leftSection={<FilePlus2 size={13} />}>
            {file ? 'Change' : 'Choose'}
          </Button>
        )}
      </FileButton>
    </div>
  );
}
