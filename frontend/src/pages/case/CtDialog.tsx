import { Button, FileButton, Group, Modal, Progress, Stack, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { FilePlus2 } from 'lucide-react';
import { type ReactNode, useRef, useState } from 'react';

import { uploadCt, useReconstructCt } from '../../api/boneSets';
import { ErrorNote } from '../../components/ErrorNote';
import { bytes } from '../../domain/format';
import compare from './Compare.module.css';
import { useFileDrop } from './useFileDrop';

const ENDINGS = ['.zip', '.nii', '.nii.gz'] as const;
const LIMIT = 1024 ** 3;

/** What is plainly wrong with a file before it is sent. */
function complaint(file: File): string | null {
  const name = file.name.toLowerCase();
  if (!ENDINGS.some((ending) => name.endsWith(ending))) {
    return 'This is neither a zip of a DICOM series nor a NIfTI file (.nii, .nii.gz).';
  }
  if (file.size === 0) return 'The file is empty.';
  if (file.size > LIMIT) return `The file has ${bytes(file.size)}; a CT may have ${bytes(LIMIT)}. Crop it to one knee.`;
  return null;
}

/** Upload a CT and have bones made from it. */
export function CtDialog({ caseId, onClose }: { caseId: string; onClose: () => void }): ReactNode {
  const cache = useQueryClient();
  const reconstruct = useReconstructCt(caseId);
  const [file, setFile] = useState<File | null>(null);
  const [sent, setSent] = useState<number | null>(null);
  const [error, setError] = useState<unknown>(null);
  const abort = useRef<AbortController | null>(null);
  const drop = useFileDrop((files) => setFile(files[0] ?? null));
  const wrong = file && complaint(file);
  const busy = sent !== null;

  const begin = async (): Promise<void> => {
    if (!file || wrong) return;
    setError(null);
    setSent(0);
    abort.current = new AbortController();
    try {
      const scan = await uploadCt(caseId, file, setSent, abort.current.signal);
      await reconstruct.mutateAsync(scan.id);
      onClose();
    } catch (problem) {
      if (!(problem instanceof DOMException && problem.name === 'AbortError')) setError(problem);
    } finally {
      setSent(null);
      void cache.invalidateQueries({ queryKey: ['case', caseId] });
    }
  };

  return (
    <Modal opened onClose={busy ? () => {} : onClose} title="Bones from a CT" size="md" data-testid="ct-dialog">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void begin();
        }}
      >
        <Stack gap="md">
          <Text size="sm" c="dimmed">
            One CT of the knee in Hounsfield units: the DICOM series as a zip file, or a NIfTI file. Names and dates in it are
            not kept.
          </Text>
          <div className={compare.drop} data-over={drop.over || undefined} {...drop.handlers}>
            <Text size="sm">
              {file ? (
                <>
                  <b>{file.name}</b> <span className="dim">{bytes(file.size)}</span>
                </>
              ) : (
                'Drop the file here, or'
              )}
            </Text>
            <FileButton onChange={setFile} accept=".zip,.nii,.gz">
              {(props) => (
                <Button {...props} variant="default" size="xs" leftSection={<FilePlus2 size={14} />} disabled={busy} data-testid="choose-ct">
                  {file ? 'Choose another' : 'Choose a file'}
                </Button>
              )}
            </FileButton>
          </div>
          {wrong && (
            <Text size="sm" c="var(--look)" role="alert" data-testid="ct-complaint">
              {wrong}
            </Text>
          )}
          {error !== null && <ErrorNote error={error} title={file?.name ?? 'The CT'} onClose={() => setError(null)} />}
          {busy && (
            <div data-testid="ct-sending">
              <Text size="xs" c="dimmed" mb={4}>
                {sent < 1 ? `Uploading, ${Math.floor(sent * 100)} %` : 'Checking the CT and taking out names …'}
              </Text>
              <Progress value={Math.max(2, sent * 100)} animated={sent >= 1} aria-label="Upload of the CT" />
            </div>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={() => (busy ? abort.current?.abort() : onClose())} data-testid="ct-cancel">
              {busy ? 'Stop' : 'Cancel'}
            </Button>
            <Button type="submit" loading={busy} disabled={!file || wrong !== null} data-testid="ct-begin">
              Make bones
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
