import { Button, Switch, Text } from '@mantine/core';
import type { ReactNode } from 'react';

import { useReadFilm } from '../../../api/films';
import type { CaseDetail, FilmReading, LegFilm } from '../../../api/types';
import { ErrorNote } from '../../../components/ErrorNote';
import { filmAngles, isMirrored } from '../../../domain/filmAngles';
import { FILM_POINTS, isComplete } from '../../../domain/filmPoints';
import { clock, quantity, SIDES } from '../../../domain/format';
import classes from './Film.module.css';
import { FilmChange } from './FilmChange';
import { FilmPointList } from './FilmPointList';
import type { FilmMarks } from './useFilmMarks';

interface Props {
  detail: CaseDetail;
  film: LegFilm;
  marks: FilmMarks;
  mirrored: boolean;
  onMirrored: (mirrored: boolean) => void;
  onUse: (reading: FilmReading) => void;
}

const ANGLES = [
  { name: 'HKA', hint: '180° is straight, below is varus' },
  { name: 'JLCA', hint: 'positive when open laterally' },
  { name: 'mLDFA', hint: 'for information' },
  { name: 'mMPTA', hint: 'places an ankle out of view' },
] as const;

/** What is to be placed, the angles that follow, and what becomes of them. */
export function FilmPanel({ detail, film, marks, mirrored, onMirrored, onUse }: Props): ReactNode {
  const read = useReadFilm(detail.id, film.id);
  const { points } = marks;
  const angles = filmAngles(points, film.pixel_spacing);
  const shownMirrored = isMirrored(points, film.pixel_spacing, detail.side);
  const contradicts = shownMirrored !== null && shownMirrored !== mirrored;
  const leg = SIDES[detail.side].toLowerCase();
  const missing = FILM_POINTS.filter(({ name }) => !points[name]).length;
  return (
    <aside className={classes.panel} aria-label="Points and angles">
      <FilmPointList marks={marks} leg={leg} />
      <dl className={classes.angles} data-testid="film-angles">
        {ANGLES.map(({ name, hint }) => (
          <div key={name} data-informs={name !== 'HKA' && name !== 'JLCA'} data-testid={`film-${name}`}>
            <dt>
              {name} <small className="dim">{hint}</small>
            </dt>
            <dd className="figures">{angles[name] === null ? '–' : quantity(angles[name], 'deg')}</dd>
          </div>
        ))}
      </dl>
      <Switch
        size="xs"
        label="The film is mirrored"
        description={mirrored ? "The patient's left is at the left of the picture." : "The patient's left is at the right of the picture."}
        checked={mirrored}
        onChange={(event) => onMirrored(event.currentTarget.checked)}
        data-testid="film-mirrored"
      />
      {contradicts && (
        <p className={classes.look} role="alert" data-testid="film-side">
          These points are those of a {detail.side === 'L' ? 'right' : 'left'} leg, seen from in front. Measure the {leg} leg, or switch “mirrored”{' '}
          {mirrored ? 'off' : 'on'} if the film is {mirrored ? 'not ' : ''}so.
        </p>
      )}
      {!film.calibrated && (
        <Text size="xs" c="dimmed">
          The file does not say how large its pixels are. Angles need no scale; {film.pixel_spacing[0] === film.pixel_spacing[1] ? 'pixels are taken to be square' : 'its proportions are used'}.
        </Text>
      )}
      {read.isError && <ErrorNote error={read.error} title="Measuring the film" onClose={read.reset} />}
      <Button
        disabled={!isComplete(points) || contradicts}
        loading={read.isPending}
        onClick={() => isComplete(points) && read.mutate({ points, mirrored }, { onSuccess: onUse })}
        data-testid="film-use"
      >
        {missing > 0 ? `${missing} ${missing === 1 ? 'point' : 'points'} to place` : 'Use these angles'}
      </Button>
      <div className={classes.foot}>
        <Text size="xs" c="dimmed">
          {film.uploaded_by}, {clock(film.created_at)}
        </Text>
        {detail.allowed.includes('upload_film') && <FilmChange detail={detail} film={film} />}
      </div>
    </aside>
  );
}
