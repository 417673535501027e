import { useCallback, useEffect, useState } from 'react';

import { type FilmPointName, FILM_POINTS, type FilmPlace, type FilmPoints, nextPoint, readPoints, withoutPoint, withPoint } from '../../../domain/filmPoints';
import { begin, type History, redo, step, undo } from '../../../domain/history';

export interface FilmMarks {
  points: FilmPoints;
  /** The point that the next click places, or that keys move; it may be placed already. */
  chosen: FilmPointName;
  choose: (name: FilmPointName) => void;
  /** Put a point; `done` when the hand lets go, which makes it one step to undo. A new one hands on to the next. */
  put: (name: FilmPointName, place: FilmPlace, done: boolean) => void;
  remove: (name: FilmPointName) => void;
  clear: (() => void) | null;
  undo: (() => void) | null;
  redo: (() => void) | null;
  /** They are used: next time those that the server has are shown. */
  settle: () => void;
}

interface State {
  readonly steps: History<FilmPoints>;
  /** Under the hand, and no step yet. */
  readonly moving: FilmPoints | null;
  readonly chosen: FilmPointName;
}

/** The marks on a film while they are placed; what is not used yet is there again after a reload. */
export function useFilmMarks(film: { columns: number; rows: number }, key: string, measured: FilmPoints): FilmMarks {
  const [{ steps, moving, chosen }, setState] = useState<State>(() => {
    const points = kept(key) ?? measured;
    return { steps: begin(points), moving: null, chosen: nextPoint(points) ?? FILM_POINTS[0].name };
  });
  const points = moving ?? steps.present;

  const begun = steps.past.length > 0 || steps.future.length > 0;
  useEffect(() => {
    if (begun) sessionStorage.setItem(key, JSON.stringify(steps.present));
  }, [key, begun, steps.present]);

  const { columns, rows } = film;
  const put = useCallback<FilmMarks['put']>(
    (name, place, done) =>
      setState((now) => {
        const next = withPoint(now.moving ?? now.steps.present, name, place, { columns, rows });
        if (!done) return { ...now, moving: next, chosen: name };
        const isNew = !now.steps.present[name];
        return { steps: step(now.steps, next), moving: null, chosen: isNew ? (nextPoint(next, name) ?? name) : name };
      }),
    [columns, rows],
  );
  const choose = useCallback((name: FilmPointName) => setState((now) => ({ ...now, chosen: name })), []);
  const remove = useCallback(
    (name: FilmPointName) => setState((now) => ({ steps: step(now.steps, withoutPoint(now.steps.present, name)), moving: null, chosen: name })),
    [],
  );
  const back = useCallback(
    (to: (history: History<FilmPoints>) => History<FilmPoints>) =>
      setState((now) => {
        const next = to(now.steps);
        return { steps: next, moving: null, chosen: nextPoint(next.present) ?? now.chosen };
      }),
    [],
  );
  return {
    points,
    chosen,
    choose,
    put,
    remove,
    clear: Object.keys(points).length > 0 ? () => back((history) => step(history, {})) : null,
    undo: steps.past.length > 0 ? () => back(undo) : null,
    redo: steps.future.length > 0 ? () => back(redo) : null,
    settle: () => sessionStorage.removeItem(key),
  };
}

function kept(key: string): FilmPoints | null {
  try {
    const draft: unknown = JSON.parse(sessionStorage.getItem(key) ?? 'null');
    return draft === null ? null : readPoints(draft);
  } catch {
    return null;
  }
}
