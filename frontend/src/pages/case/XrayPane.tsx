import { ActionIcon, Button, FileButton, Progress, Text, Tooltip } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { FileUp, RefreshCw, Trash2 } from 'lucide-react';
import { type DragEvent, type ReactNode, useRef, useState } from 'react';

import { uploadImage, useDeleteImage } from '../../api/queries';
import { forgetRefusal, type Refusal, refusalOf } from '../../api/refusals';
import type { XrayImage, XrayView } from '../../api/types';
import { ConfirmDialog } from '../../components/ConfirmDialog';
import { ErrorNote } from '../../components/ErrorNote';
import type { BoneName } from '../../domain/bones';
import classes from './Case.module.css';
import { XrayViewer } from './XrayViewer';

const NAMES = { ap: 'AP', lateral: 'lateral' } as const;

interface Props {
  caseId: string;
  view: XrayView;
  image: XrayImage | null;
  mayUpload: boolean;
  outlines: Record<string, number[][][]> | undefined;
  outlineOpacity: number;
  hidden: ReadonlySet<BoneName>;
}

/** The place of one view: an image, or where to put one; it also takes a dropped file. */
export function XrayPane({ caseId, view, image, mayUpload, outlines, outlineOpacity, hidden }: Props): ReactNode {
  const cache = useQueryClient();
  const remove = useDeleteImage(caseId);
  const [sending, setSending] = useState<{ name: string; fraction: number } | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(() => refusalOf(caseId, view));
  const [over, setOver] = useState(false);
  const [replacement, setReplacement] = useState<File | null>(null);
  const [removing, setRemoving] = useState(false);
  const abort = useRef<AbortController | null>(null);
  const name = NAMES[view];

  const close = (): void => {
    forgetRefusal(caseId, view);
    setRefusal(null);
  };

  const send = async (file: File): Promise<void> => {
    close();
    setReplacement(null);
    setSending({ name: file.name, fraction: 0 });
    abort.current = new AbortController();
    try {
      await uploadImage(caseId, view, file, (fraction) => setSending({ name: file.name, fraction }), abort.current.signal);
    } catch (error) {
      if (!(error instanceof DOMException && error.name === 'AbortError')) setRefusal({ file: file.name, error });
    } finally {
      await cache.invalidateQueries({ queryKey: ['case', caseId] });
      void cache.invalidateQueries({ queryKey: ['cases'] });
      setSending(null);
    }
  };

  const choose = (file: File | null): void => {
    if (!file) return;
    if (image) setReplacement(file);
    else void send(file);
  };

  const drop = {
    onDragOver: (event: DragEvent) => {
      if (!mayUpload || !event.dataTransfer.types.includes('Files')) return;
      event.preventDefault();
      setOver(true);
    },
    onDragLeave: () => setOver(false),
    onDrop: (event: DragEvent) => {
      if (!mayUpload) return;
      event.preventDefault();
      setOver(false);
      choose(event.dataTransfer.files[0] ?? null);
    },
  };

  return (
    <section className={classes.pane} data-over={over || undefined} aria-label={`${name} X-ray`} {...drop} data-testid={`pane-${view}`}>
      {image ? (
        <XrayViewer key={image.id + image.sha256} image={image} outlines={outlines} outlineOpacity={outlineOpacity} hidden={hidden}>
          {mayUpload && sending === null && (
            <>
              <FileButton onChange={choose} accept=".dcm,.dicom,application/dicom,*/*">
                {(props) => (
                  <Tooltip label={`Replace the ${name} view`}>
                    <ActionIcon {...props} variant="subtle" color="gray" aria-label={`Replace the ${name} view`} data-testid={`replace-${view}`}>
                      <RefreshCw size={16} />
                    </ActionIcon>
                  </Tooltip>
                )}
              </FileButton>
              <Tooltip label={`Remove the ${name} view`}>
                <ActionIcon variant="subtle" color="gray" aria-label={`Remove the ${name} view`} onClick={() => setRemoving(true)}>
                  <Trash2 size={16} />
                </ActionIcon>
              </Tooltip>
            </>
          )}
        </XrayViewer>
      ) : (
        <div className={classes.dropzone}>
          <FileUp size={30} strokeWidth={1.3} aria-hidden />
          <Text fw={600}>{view === 'ap' ? 'AP view' : 'Lateral view'}</Text>
          {mayUpload ? (
            <>
              <Text size="sm" c="dimmed" ta="center">
                Drop a DICOM file here, or
              </Text>
              <FileButton onChange={choose} accept=".dcm,.dicom,application/dicom,*/*">
                {(props) => (
                  <Button {...props} variant="default" disabled={sending !== null} data-testid={`choose-${view}`}>
                    Choose a file
                  </Button>
                )}
              </FileButton>
            </>
          ) : (
            <Text size="sm" c="dimmed">
              Not uploaded yet
            </Text>
          )}
        </div>
      )}

      {sending && (
        <div className={classes.paneCover} data-testid={`uploading-${view}`}>
          <Text size="sm" truncate maw="90%">
            {sending.fraction < 1 ? 'Uploading' : 'Checking'} {sending.name}
          </Text>
          <Progress
            value={Math.max(2, sending.fraction * 100)}
            w="70%"
            animated={sending.fraction >= 1}
            aria-label={`Upload of the ${name} view`}
          />
          <Button variant="default" size="compact-sm" onClick={() => abort.current?.abort()}>
            Cancel
          </Button>
        </div>
      )}
      {(refusal || remove.isError) && !sending && (
        <div className={classes.paneError} data-testid={`refused-${view}`}>
          <ErrorNote
            error={refusal ? refusal.error : remove.error}
            title={refusal ? `${refusal.file} was not taken as the ${name} view` : `Removing the ${name} view`}
            onClose={refusal ? close : remove.reset}
          />
        </div>
      )}

      <ConfirmDialog
        opened={replacement !== null}
        title={`Replace the ${name} view?`}
        act="Replace it"
        onClose={() => setReplacement(null)}
        onConfirm={() => replacement && void send(replacement)}
      >
        <b>{replacement?.name}</b> takes the place of the present image, which is removed once the new one has been accepted.
      </ConfirmDialog>
      <ConfirmDialog
        opened={removing}
        title={`Remove the ${name} view?`}
        act="Remove it"
        final
        busy={remove.isPending}
        onClose={() => setRemoving(false)}
        onConfirm={() => image && remove.mutate(image.id, { onSettled: () => setRemoving(false) })}
      >
        The image is deleted from this case. To have it back you would upload the file again.
      </ConfirmDialog>
    </section>
  );
}
