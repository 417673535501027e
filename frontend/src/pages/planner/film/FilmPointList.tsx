import { ActionIcon, Tooltip } from '@mantine/core';
import { Check, Eraser, Redo2, Undo2, X } from 'lucide-react';
import type { ReactNode } from 'react';

import { FILM_POINTS } from '../../../domain/filmPoints';
import classes from './Film.module.css';
import type { FilmMarks } from './useFilmMarks';

/** The points in their order, with what the chosen one is; each can be taken back and placed again. */
export function FilmPointList({ marks, leg }: { marks: FilmMarks; leg: string }): ReactNode {
  const { points, chosen } = marks;
  const { hint, label } = FILM_POINTS.find(({ name }) => name === chosen) ?? FILM_POINTS[0];
  return (
    <section aria-label="Points">
      <div className={classes.instruction} aria-live="polite" data-testid="film-instruction">
        <b>{label}</b>
        <span>
          {hint} {points[chosen] ? 'Drag it, or move it with the arrow keys.' : `Click it on the ${leg} leg.`}
        </span>
      </div>
      <div className={classes.steps}>
        <Act label="Undo (Ctrl Z)" act={marks.undo} icon={<Undo2 size={15} />} testId="film-undo" />
        <Act label="Redo (Ctrl Y)" act={marks.redo} icon={<Redo2 size={15} />} testId="film-redo" />
        <Act label="Take all points off" act={marks.clear} icon={<Eraser size={15} />} testId="film-clear" />
      </div>
      <ol className={classes.points}>
        {FILM_POINTS.map(({ name, label: text }) => (
          <li key={name} data-chosen={name === chosen || undefined} data-placed={points[name] !== undefined}>
            <button type="button" onClick={() => marks.choose(name)} aria-current={name === chosen ? 'step' : undefined} data-testid={`film-point-${name}`}>
              <span className={classes.tick} aria-hidden>
                {points[name] && <Check size={12} />}
              </span>
              {text}
              <span className={classes.hidden}>{points[name] ? ', placed' : ', not placed'}</span>
            </button>
            {points[name] && (
              <ActionIcon size="xs" variant="subtle" color="gray" aria-label={`Take off: ${text}`} onClick={() => marks.remove(name)}>
                <X size={12} />
              </ActionIcon>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}

function Act({ label, act, icon, testId }: { label: string; act: (() => void) | null; icon: ReactNode; testId: string }): ReactNode {
  return (
    <Tooltip label={label}>
      <ActionIcon size="sm" variant="subtle" color="gray" aria-label={label} disabled={!act} onClick={() => act?.()} data-testid={testId}>
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}
