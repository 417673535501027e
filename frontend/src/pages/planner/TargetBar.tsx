import { ActionIcon, Button, NumberInput, Popover, SegmentedControl, Slider, Tooltip } from '@mantine/core';
import { ChevronDown, Redo2, Undo2 } from 'lucide-react';
import { memo, type ReactNode, useCallback, useEffect, useRef, useState } from 'react';

import { useKeys } from '../../components/useKeys';
import { quantity, unit } from '../../domain/format';
import { aimAt, clampTarget, TARGET_RANGES, type TargetField, TARGETS, techniqueWords } from '../../domain/planRequest';
import { type Planner, useThisPlanner } from '../case/usePlanner';
import { FilmDialog } from './film/FilmDialog';
import classes from './Planner.module.css';
import { TechniqueFields } from './TechniqueFields';

/** What the plan aims at: which measure, and how much of it; undo and redo of everything that was asked. */
export function TargetBar(): ReactNode {
  const planner = useThisPlanner();
  const { state, document, set } = planner;

  useKeys({
    'mod+z': () => planner.undo?.(),
    'mod+y': () => planner.redo?.(),
    'mod+shift+z': () => planner.redo?.(),
  });

  // Beside the technique's own window, which closes as soon as a hand is outside of it.
  const [filming, setFilming] = useState(false);
  const film = useCallback(() => setFilming(true), [setFilming]);

  const newest = useRef(document);
  useEffect(() => {
    newest.current = document;
  }, [document]);
  const aim = useCallback(
    (target: TargetField): void => {
      const { measure } = TARGET_RANGES[target];
      const plan = newest.current;
      const reached = measure ? plan?.measures[measure]?.after : plan?.osteotomy.correction_deg;
      set((now) => aimAt(now, target, reached), true);
    },
    [set],
  );

  return (
    <section className={classes.target} aria-label="Target">
      <Aim target={state.target} onAim={aim} />
      <Amount key={state.target} target={state.target} value={state.value} onSet={set} />
      {state.target !== 'correction_deg' && (
        <span className={`${classes.comesTo} figures`} data-testid="comes-to" data-settled={planner.exact}>
          {quantity(planner.degrees, 'deg')}
        </span>
      )}
      <Technique words={techniqueWords(state)} onFilm={film} />
      {filming && <FilmDialog planner={planner} onClose={() => setFilming(false)} />}
      <Steps undo={planner.undo} redo={planner.redo} />
    </section>
  );
}

const Aim = memo(function Aim({ target, onAim }: { target: TargetField; onAim: (target: TargetField) => void }): ReactNode {
  return (
    <SegmentedControl
      size="xs"
      value={target}
      onChange={(value) => onAim(value as TargetField)}
      data={TARGETS.map((field) => ({ value: field, label: TARGET_RANGES[field].label }))}
      aria-label="What the plan aims at"
      data-testid="target"
    />
  );
});

interface AmountProps {
  target: TargetField;
  value: number;
  onSet: Planner['set'];
}

const Amount = memo(function Amount({ target, value, onSet }: AmountProps): ReactNode {
  const range = TARGET_RANGES[target];
  const mark = unit(range.unit);
  const to = (next: number, done: boolean): void => onSet((now) => ({ ...now, value: clampTarget(now.target, next) }), done);
  const rest = (): void => onSet((now) => now, true);
  // A press of a key is one step, from down to up: two presses are two steps, however few frames the machine draws,
  // and a key that is held down is one.
  const keyDown = useRef(false);
  const release = (): void => {
    if (keyDown.current) rest();
    keyDown.current = false;
  };
  // What was typed is one step, not one a digit; "62." and "62.0" are numbers only when the hand is done with them.
  const settle = (typed: string): void => {
    const next = Number.parseFloat(typed);
    if (Number.isFinite(next)) to(next, true);
    else rest();
  };
  return (
    <>
      <NumberInput
        aria-label={range.name}
        w={96}
        size="xs"
        suffix={mark === '°' ? mark : ` ${mark}`}
        decimalScale={1}
        min={range.minimum}
        max={range.maximum}
        step={range.step}
        clampBehavior="blur"
        value={value}
        onChange={(next) => typeof next === 'number' && next >= range.minimum && next <= range.maximum && to(next, false)}
        onBlur={(event) => settle(event.currentTarget.value)}
        onKeyDown={(event) => event.key === 'Enter' && settle(event.currentTarget.value)}
        data-testid="correction-input"
      />
      <Slider
        className={classes.slider}
        aria-label={range.name}
        thumbLabel={range.name}
        min={range.minimum}
        max={range.maximum}
        step={range.step}
        label={(shown) => quantity(shown, range.unit)}
        value={value}
        onChange={(next) => to(next, false)}
        onKeyDown={() => (keyDown.current = true)}
        onKeyUp={release}
        onBlur={release}
        // A pointer lets go before its last move has arrived, which comes with the next frame.
        onChangeEnd={() => requestAnimationFrame(() => keyDown.current || rest())}
        data-testid="correction-slider"
      />
    </>
  );
});

const Technique = memo(function Technique({ words, onFilm }: { words: string; onFilm: () => void }): ReactNode {
  const [opened, setOpened] = useState(false);
  return (
    <Popover position="bottom-end" withArrow shadow="md" width={330} trapFocus opened={opened} onChange={setOpened}>
      <Popover.Target>
        <Button variant="default" size="xs" rightSection={<ChevronDown size={14} />} onClick={() => setOpened((now) => !now)} data-testid="technique-open">
          {words}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <TechniqueFields
          onFilm={() => {
            setOpened(false);
            onFilm();
          }}
        />
      </Popover.Dropdown>
    </Popover>
  );
});

const Steps = memo(function Steps({ undo, redo }: Pick<Planner, 'undo' | 'redo'>): ReactNode {
  return (
    <span className={classes.steps}>
      <Tooltip label="Undo (Ctrl Z)">
        <ActionIcon variant="subtle" color="gray" aria-label="Undo" disabled={!undo} onClick={() => undo?.()} data-testid="undo">
          <Undo2 size={16} />
        </ActionIcon>
      </Tooltip>
      <Tooltip label="Redo (Ctrl Y)">
        <ActionIcon variant="subtle" color="gray" aria-label="Redo" disabled={!redo} onClick={() => redo?.()} data-testid="redo">
          <Redo2 size={16} />
        </ActionIcon>
      </Tooltip>
    </span>
  );
});
