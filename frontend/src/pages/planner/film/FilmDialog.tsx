import { Modal } from '@mantine/core';
import { type ReactNode, useState } from 'react';

import { useCase } from '../../../api/queries';
import type { CaseDetail, LegFilm } from '../../../api/types';
import { SIDES } from '../../../domain/format';
import { readPoints } from '../../../domain/filmPoints';
import { withMeasuredFilm } from '../../../domain/planRequest';
import type { Planner } from '../../case/usePlanner';
import classes from './Film.module.css';
import { FilmPanel } from './FilmPanel';
import { FilmUpload } from './FilmUpload';
import { FilmViewer } from './FilmViewer';
import { useFilmMarks } from './useFilmMarks';

interface Props {
  planner: Planner;
  onClose: () => void;
}

/** Measuring HKA and JLCA on the long-leg film of the case, which is uploaded here. */
export function FilmDialog({ planner, onClose }: Props): ReactNode {
  const { data: detail } = useCase(planner.caseId);
  const film = detail?.leg_film;
  return (
    <Modal
      opened
      onClose={onClose}
      fullScreen
      title={detail ? `Long-leg film of ${detail.pseudonym}, ${SIDES[detail.side].toLowerCase()} leg` : 'Long-leg film'}
      classNames={{ content: classes.content, body: classes.body, header: classes.header }}
      data-testid="film-dialog"
    >
      {detail && !film && <FilmUpload caseId={detail.id} onDone={() => {}} />}
      {detail && film && <Measuring key={film.sha256} detail={detail} film={film} planner={planner} onClose={onClose} />}
    </Modal>
  );
}

function Measuring({ detail, film, planner, onClose }: Props & { detail: CaseDetail; film: LegFilm }): ReactNode {
  const { film_reading: reading, side } = detail;
  const marks = useFilmMarks(film, `film:${film.sha256}`, readPoints(reading?.points));
  const [mirrored, setMirrored] = useState(reading?.mirrored ?? film.mirrored ?? false);
  return (
    <div
      className={classes.measuring}
      onKeyDown={(event) => {
        const key = event.key.toLowerCase();
        if (!(event.ctrlKey || event.metaKey) || (key !== 'z' && key !== 'y')) return;
        event.preventDefault();
        if (key === 'z' && !event.shiftKey) marks.undo?.();
        else marks.redo?.();
      }}
    >
      <div className={classes.pane}>
        <FilmViewer film={film} marks={marks} side={side} mirrored={mirrored} />
      </div>
      <FilmPanel
        detail={detail}
        film={film}
        marks={marks}
        mirrored={mirrored}
        onMirrored={setMirrored}
        onUse={(taken) => {
          marks.settle();
          planner.set((now) => withMeasuredFilm(now, taken), true);
          onClose();
        }}
      />
    </div>
  );
}
