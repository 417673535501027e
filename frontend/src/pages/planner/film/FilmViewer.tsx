import { ActionIcon, Tooltip } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Contrast, RotateCcw, ZoomIn, ZoomOut } from 'lucide-react';
import type { KeyboardEvent, ReactNode } from 'react';

import { filmPixelsOptions } from '../../../api/films';
import type { LegFilm, Side } from '../../../api/types';
import { ErrorNote } from '../../../components/ErrorNote';
import { usePicture } from '../../../components/usePicture';
import { FILM_POINTS, type FilmPlace, usualPlace } from '../../../domain/filmPoints';
import { markAt, type ScreenPoint, toFilm, toScreen, viewAt } from '../../../domain/filmView';
import { zoomAt } from '../../../domain/placement';
import { drag } from '../../../domain/windowing';
import caseClasses from '../../case/Case.module.css';
import classes from './Film.module.css';
import { FilmOverlay } from './FilmOverlay';
import { useFilmGestures } from './useFilmGestures';
import type { FilmMarks } from './useFilmMarks';

/** Shown pixels that an arrow key moves a point by, alone and with Shift. */
const NUDGE = { fine: 1, coarse: 10 };
/** Enlargement at which a point is placed by keys. */
const CLOSE = 3;

interface Props {
  film: LegFilm;
  marks: FilmMarks;
  side: Side;
  mirrored: boolean;
}

/** The film with its points: click, drag, two fingers, or keys. */
export function FilmViewer({ film, marks, side, mirrored }: Props): ReactNode {
  const pixels = useQuery(filmPixelsOptions(film));
  const { points, chosen } = marks;
  const { reduction, shown_columns: columns, shown_rows: rows } = film;
  const { pane, host, drawn, failed, width, height, window, setWindow, inverted, setInverted, view, setView, placement, reset } = usePicture(
    pixels.data,
    columns,
    rows,
    film.window,
  );

  const screen = (at: FilmPlace): ScreenPoint => toScreen(at, placement, reduction);
  const gestures = useFilmGestures({
    markAt: (at, reach) => markAt(points, at, placement, reduction, reach),
    placeOf: (name) => screen(points[name] ?? [0, 0]),
    // A point that is placed is moved by its mark alone: a stray click moves nothing.
    onClick: (at, mark) => {
      if (points[chosen] === undefined) marks.put(chosen, toFilm(at, placement, reduction), true);
      else if (mark) marks.choose(mark);
    },
    onMark: (name, to, done) => marks.put(name, toFilm(to, placement, reduction), done),
    view,
    onView: setView,
    window,
    onWindow: setWindow,
  });

  const zoomBy = (factor: number): void => {
    const about = points[chosen] ? screen(points[chosen]) : { x: width / 2, y: height / 2 };
    setView((now) => zoomAt(now, { width, height }, about, factor));
  };
  const nudge = (dx: number, dy: number): void => {
    const at = points[chosen];
    if (at) marks.put(chosen, [at[0] + dx * reduction, at[1] + dy * reduction], true);
  };
  const walk = (by: number): void => {
    const names = FILM_POINTS.map(({ name }) => name);
    const name = names[(names.indexOf(chosen) + by + names.length) % names.length] ?? chosen;
    marks.choose(name);
    const at = points[name];
    if (at) setView((now) => viewAt(now, screen(at), { width, height }, CLOSE));
  };
  const placeByKey = (): void => {
    if (points[chosen]) {
      walk(1);
      return;
    }
    const at = usualPlace(chosen, points, film, { side, mirrored });
    marks.put(chosen, at, true);
    // It is put about where it belongs, and the keys go on with it.
    marks.choose(chosen);
    setView((now) => viewAt(now, screen(at), { width, height }, CLOSE));
  };

  const key = (event: KeyboardEvent<HTMLDivElement>): void => {
    const by = event.shiftKey ? NUDGE.coarse : NUDGE.fine;
    const acts: Record<string, () => void> = {
      ArrowLeft: () => nudge(-by, 0),
      ArrowRight: () => nudge(by, 0),
      ArrowUp: () => nudge(0, -by),
      ArrowDown: () => nudge(0, by),
      Enter: placeByKey,
      PageDown: () => walk(1),
      PageUp: () => walk(-1),
      Delete: () => marks.remove(chosen),
      '+': () => zoomBy(1.25),
      '=': () => zoomBy(1.25),
      '-': () => zoomBy(0.8),
      b: () => setWindow((now) => drag(now, 0, -12)),
      d: () => setWindow((now) => drag(now, 0, 12)),
      i: () => setInverted((now) => !now),
      Home: reset,
    };
    const act = acts[event.key];
    if (!act || event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    act();
    event.preventDefault();
  };

  return (
    <div
      ref={pane}
      className={caseClasses.viewport}
      role="application"
      aria-roledescription="long-leg film"
      aria-label="Long-leg film. Enter places the point about where it belongs, arrow keys move it, with Shift faster; Page down and Page up choose the next and the one before; plus and minus zoom, B and D brighten and darken, I inverts, Home resets."
      tabIndex={0}
      {...gestures}
      onContextMenu={(event) => event.preventDefault()}
      onKeyDown={key}
      data-autofocus
      data-testid="film"
      data-ready={(drawn && pixels.isSuccess && width > 0) || undefined}
      data-scale={placement.scale / reduction}
      data-left={screen([0, 0]).x}
      data-top={screen([0, 0]).y}
    >
      <div ref={host} className={caseClasses.canvasHost} />
      <FilmOverlay points={points} chosen={chosen} film={film} screen={screen} />
      {pixels.isPending && <div className={caseClasses.waiting}>Loading the film …</div>}
      {(pixels.isError || failed) && (
        <div className={caseClasses.paneError}>
          <ErrorNote
            error={pixels.error ?? new Error('This browser cannot draw the film (WebGL 2 is missing or switched off).')}
            {...(pixels.isError ? { onRetry: () => void pixels.refetch() } : {})}
          />
        </div>
      )}
      <span className={classes.patientSide} data-edge="left">
        {mirrored ? 'L' : 'R'}
      </span>
      <span className={classes.patientSide} data-edge="right">
        {mirrored ? 'R' : 'L'}
      </span>
      <div className={caseClasses.paneTools}>
        <Tool label="Enlarge (+)" onClick={() => zoomBy(1.5)} icon={<ZoomIn size={16} />} />
        <Tool label="Reduce (−)" onClick={() => zoomBy(1 / 1.5)} icon={<ZoomOut size={16} />} />
        <Tool label="Invert (I)" onClick={() => setInverted(!inverted)} icon={<Contrast size={16} />} pressed={inverted} />
        <Tool label="The whole film (Home)" onClick={reset} icon={<RotateCcw size={16} />} />
      </div>
      <span className={classes.manners}>Wheel or two fingers: enlarge · drag: move · right button: brightness</span>
      <span className={`${caseClasses.windowValues} figures`} data-testid="film-window">
        L {Math.round(window.center)} · W {Math.round(window.width)}
        {view.zoom > 1 && ` · ${view.zoom.toFixed(1)}×`}
      </span>
    </div>
  );
}

function Tool({ label, icon, pressed, onClick }: { label: string; icon: ReactNode; pressed?: boolean; onClick: () => void }): ReactNode {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" aria-label={label} onClick={onClick} {...(pressed !== undefined && { 'aria-pressed': pressed })}>
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}
