import { ActionIcon, Modal, Tooltip } from '@mantine/core';
import { RefreshCw, Trash2 } from 'lucide-react';
import { type ReactNode, useState } from 'react';

import { useDeleteFilm } from '../../../api/films';
import type { CaseDetail, LegFilm } from '../../../api/types';
import { ConfirmDialog } from '../../../components/ConfirmDialog';
import { ErrorNote } from '../../../components/ErrorNote';
import { FilmUpload } from './FilmUpload';

interface Props {
  detail: CaseDetail;
  film: LegFilm;
}

/** Another film in the place of this one, or none; the server keeps the film of an approved plan. */
export function FilmChange({ detail, film }: Props): ReactNode {
  const remove = useDeleteFilm(detail.id);
  const [asked, setAsked] = useState<'replace' | 'remove' | null>(null);
  const close = (): void => setAsked(null);
  return (
    <>
      <span>
        <Tooltip label="Another film">
          <ActionIcon variant="subtle" color="gray" size="sm" aria-label="Replace the film" onClick={() => setAsked('replace')} data-testid="film-replace">
            <RefreshCw size={14} />
          </ActionIcon>
        </Tooltip>
        <Tooltip label="Remove the film">
          <ActionIcon variant="subtle" color="gray" size="sm" aria-label="Remove the film" onClick={() => setAsked('remove')} data-testid="film-remove">
            <Trash2 size={14} />
          </ActionIcon>
        </Tooltip>
      </span>
      {remove.isError && <ErrorNote error={remove.error} title="Removing the film" onClose={remove.reset} />}
      {asked === 'replace' && (
        <Modal opened onClose={close} title="Another long-leg film" size="lg">
          <FilmUpload caseId={detail.id} onDone={close} onCancel={close} />
        </Modal>
      )}
      <ConfirmDialog
        opened={asked === 'remove'}
        title="Remove the long-leg film?"
        act="Remove it"
        final
        busy={remove.isPending}
        onClose={close}
        onConfirm={() => remove.mutate(film.id, { onSettled: close })}
      >
        The film is deleted from this case; what was measured on it is kept. A plan that stands on it and is not approved yet can be
        approved only once the film is there again, or its angles are measured or typed anew.
      </ConfirmDialog>
    </>
  );
}
