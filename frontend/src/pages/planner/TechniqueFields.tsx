import { NumberInput, SegmentedControl, Switch } from '@mantine/core';
import type { ReactNode } from 'react';

import { quantity } from '../../domain/format';
import { type Kind, type PlanState, type TuberositySide, withKind, withTypedFilm } from '../../domain/planRequest';
import { useThisPlanner } from '../case/usePlanner';
import { FilmField } from './film/FilmField';
import classes from './Planner.module.css';

/** How the osteotomy is done, and what was read on a long-leg film, which `onFilm` opens. */
export function TechniqueFields({ onFilm }: { onFilm: () => void }): ReactNode {
  const planner = useThisPlanner();
  const { state, document } = planner;
  const change = (part: Partial<PlanState>, done = true): void => planner.set((now) => ({ ...now, ...part }), done);
  const typeFilm = (part: Parameters<typeof withTypedFilm>[1], done: boolean): void => planner.set((now) => withTypedFilm(now, part), done);
  const closing = state.kind === 'lateral_closing_wedge';
  const compensation = document?.jlca_compensation;
  return (
    <section className={classes.technique} aria-label="Technique" data-testid="technique">
      <SegmentedControl
        size="xs"
        fullWidth
        aria-label="Kind of osteotomy"
        value={state.kind}
        onChange={(value) => planner.set((now) => withKind(now, value as Kind), true)}
        data={[
          { value: 'medial_opening_wedge', label: 'Medial opening' },
          { value: 'lateral_closing_wedge', label: 'Lateral closing' },
        ]}
        data-testid="kind"
      />
      <div className={classes.field}>
        <span id="tuberosity-label">Tuberosity stays</span>
        <SegmentedControl
          size="xs"
          aria-labelledby="tuberosity-label"
          value={state.tuberosity}
          onChange={(value) => change({ tuberosity: value as TuberositySide })}
          data={[
            { value: 'distal', label: 'distal' },
            { value: 'proximal', label: 'proximal', disabled: closing },
          ]}
          data-testid="tuberosity"
        />
      </div>
      <div className={classes.field}>
        <label htmlFor="slope-change">Change of slope</label>
        <Angle id="slope-change" value={state.slopeChange} minimum={-10} maximum={10} onChange={(value, done) => change({ slopeChange: value ?? 0 }, done)} />
      </div>
      <div className={classes.field}>
        <label htmlFor="jlca">
          JLCA compensation
          {compensation && <small className="dim figures"> {quantity(compensation.deg, 'deg')}</small>}
        </label>
        <Switch
          id="jlca"
          size="xs"
          checked={state.jlcaCompensation}
          onChange={(event) => change({ jlcaCompensation: event.currentTarget.checked })}
          data-testid="jlca"
        />
      </div>
      <div className={classes.field}>
        <span>Long-leg film</span>
        <span className={classes.pair}>
          <Angle label="HKA on the film" placeholder="HKA" value={state.longFilmHka} minimum={150} maximum={210} onChange={(longFilmHka, done) => typeFilm({ longFilmHka }, done)} />
          <Angle label="JLCA on the film" placeholder="JLCA" value={state.longFilmJlca} minimum={-15} maximum={15} onChange={(longFilmJlca, done) => typeFilm({ longFilmJlca }, done)} />
        </span>
      </div>
      <FilmField onOpen={onFilm} />
    </section>
  );
}

interface AngleProps {
  id?: string;
  label?: string;
  placeholder?: string;
  value: number | null;
  minimum: number;
  maximum: number;
  /** `done` when what was typed is there to stay: one step to undo. */
  onChange: (value: number | null, done: boolean) => void;
}

/** An angle in degrees; where it is cleared, there is none. What is out of range waits for its other digits. */
function Angle({ id, label, placeholder, value, minimum, maximum, onChange }: AngleProps): ReactNode {
  const within = (next: number): boolean => next >= minimum && next <= maximum;
  const settle = (typed: string): void => {
    const next = Number.parseFloat(typed);
    onChange(within(next) ? next : typed === '' ? null : value, true);
  };
  return (
    <NumberInput
      {...(id && { id })}
      {...(label && { 'aria-label': label })}
      {...(placeholder && { placeholder })}
      size="xs"
      w={84}
      suffix="°"
      decimalScale={1}
      step={0.5}
      min={minimum}
      max={maximum}
      startValue={placeholder === 'HKA' ? 180 : 0}
      value={value ?? ''}
      onBlur={(event) => settle(event.currentTarget.value)}
      onKeyDown={(event) => event.key === 'Enter' && settle(event.currentTarget.value)}
      onChange={(next) => {
        if (next === '') onChange(null, false);
        else if (typeof next === 'number' && within(next)) onChange(next, false);
      }}
    />
  );
}
