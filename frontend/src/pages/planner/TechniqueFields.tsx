import { NumberInput, SegmentedControl, Switch } from '@mantine/core';
import type { ReactNode } from 'react';

import { quantity } from '../../domain/format';
import { type Kind, type PlanState, type TuberositySide, withKind } from '../../domain/planRequest';
import type { Planner } from '../case/usePlanner';
import classes from './Planner.module.css';

/** How the osteotomy is done, and what was read on a long-leg film. */
export function TechniqueFields({ planner }: { planner: Planner }): ReactNode {
  const { state, document } = planner;
  const change = (part: Partial<PlanState>, done = true): void => planner.set((now) => ({ ...now, ...part }), done);
  const settle = (): void => planner.set((now) => now, true);
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
        <Angle id="slope-change" value={state.slopeChange} minimum={-10} maximum={10} onChange={(value) => change({ slopeChange: value ?? 0 }, false)} onSettle={settle} />
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
          <Angle label="HKA on the film" placeholder="HKA" value={state.longFilmHka} minimum={150} maximum={210} onChange={(longFilmHka) => change({ longFilmHka }, false)} onSettle={settle} />
          <Angle label="JLCA on the film" placeholder="JLCA" value={state.longFilmJlca} minimum={-15} maximum={15} onChange={(longFilmJlca) => change({ longFilmJlca }, false)} onSettle={settle} />
        </span>
      </div>
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
  onChange: (value: number | null) => void;
  /** What was typed is there to stay: one step to undo. */
  onSettle: () => void;
}

/** An angle in degrees; where it is cleared, there is none. What is out of range waits for its other digits. */
function Angle({ id, label, placeholder, value, minimum, maximum, onChange, onSettle }: AngleProps): ReactNode {
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
      onBlur={onSettle}
      onKeyDown={(event) => event.key === 'Enter' && onSettle()}
      onChange={(next) => {
        if (next === '') onChange(null);
        else if (typeof next === 'number' && next >= minimum && next <= maximum) onChange(next);
      }}
    />
  );
}
