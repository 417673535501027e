import { Button, FileButton, Progress, Text } from '@mantine/core';
import { FileUp } from 'lucide-react';
import { type ReactNode, useRef, useState } from 'react';

import { uploadFilm } from '../../../api/films';
import { useCaseRefresh } from '../../../api/queries';
import { ErrorNote } from '../../../components/ErrorNote';
import { useFileDrop } from '../../case/useFileDrop';
import classes from './Film.module.css';

interface Props {
  caseId: string;
  /** The film is there, and the case was asked for again. */
  onDone: () => void;
  /** Where another film is there already: nobody is asked for a new one any more. */
  onCancel?: () => void;
}

/** Where a long-leg film is dropped or chosen. */
export function FilmUpload({ caseId, onDone, onCancel }: Props): ReactNode {
  const refresh = useCaseRefresh(caseId);
  const [sending, setSending] = useState<{ name: string; fraction: number } | null>(null);
  const [refusal, setRefusal] = useState<{ name: string; error: unknown } | null>(null);
  const abort = useRef<AbortController | null>(null);

  const send = async (file: File | null | undefined): Promise<void> => {
    if (!file || sending) return;
    setRefusal(null);
    setSending({ name: file.name, fraction: 0 });
    abort.current = new AbortController();
    try {
      await uploadFilm(caseId, file, (fraction) => setSending({ name: file.name, fraction }), abort.current.signal);
      await refresh();
      onDone();
    } catch (error) {
      if (!(error instanceof DOMException && error.name === 'AbortError')) setRefusal({ name: file.name, error });
    } finally {
      setSending(null);
    }
  };
  const drop = useFileDrop((files) => void send(files[0]));

  return (
    <div className={classes.drop} data-over={drop.over || undefined} {...drop.handlers} data-testid="film-drop">
      <FileUp size={30} strokeWidth={1.3} aria-hidden />
      <Text fw={600}>Weight-bearing long-leg film</Text>
      <Text size="sm" c="dimmed" ta="center" maw={460}>
        From hip to ankle, of this leg or of both: DICOM, or a PNG or JPEG picture of it. Names and dates that a file carries
        beside its pixels are not kept; a name that is written in the picture itself would be, so crop it off first.
      </Text>
      {sending ? (
        <div className={classes.sending} data-testid="film-sending">
          <Text size="xs" c="dimmed">
            {sending.fraction < 1 ? `Uploading ${sending.name}, ${Math.floor(sending.fraction * 100)} %` : `Checking ${sending.name} and taking out names …`}
          </Text>
          <Progress value={Math.max(2, sending.fraction * 100)} animated={sending.fraction >= 1} aria-label="Upload of the long-leg film" />
          <Button variant="default" size="compact-sm" onClick={() => abort.current?.abort()}>
            Stop
          </Button>
        </div>
      ) : (
        <div className={classes.acts}>
          <FileButton onChange={(file) => void send(file)} accept=".dcm,.dicom,.png,.jpg,.jpeg,application/dicom,*/*">
            {(props) => (
              <Button {...props} data-testid="choose-film" data-autofocus>
                Choose a file
              </Button>
            )}
          </FileButton>
          {onCancel && (
            <Button variant="default" onClick={onCancel}>
              Keep the present one
            </Button>
          )}
        </div>
      )}
      {refusal && !sending && (
        <div className={classes.refusal} data-testid="film-refused">
          <ErrorNote error={refusal.error} title={`${refusal.name} was not taken`} onClose={() => setRefusal(null)} />
        </div>
      )}
    </div>
  );
}
