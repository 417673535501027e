import { ActionIcon, Button, NumberInput, Popover, SegmentedControl, Slider, Tooltip } from '@mantine/core';
import { ChevronDown, Redo2, Undo2 } from 'lucide-react';
import type { ReactNode } from 'react';

import { useKeys } from '../../components/useKeys';
import { quantity, unit } from '../../domain/format';
import { aimAt, clampTarget, TARGET_RANGES, type TargetField, TARGETS, techniqueWords } from '../../domain/planRequest';
import type { Planner } from '../case/usePlanner';
import classes from './Planner.module.css';
import { TechniqueFields } from './TechniqueFields';

/** What the plan aims at: which measure, and how much of it; undo and redo of everything that was asked. */
export function TargetBar({ planner }: { planner: Planner }): ReactNode {
  const { state, document } = planner;
  const range = TARGET_RANGES[state.target];
  const mark = unit(range.unit);

  useKeys({
    'mod+z': () => planner.undo?.(),
    'mod+y': () => planner.redo?.(),
    'mod+shift+z': () => planner.redo?.(),
  });

  const aim = (target: TargetField): void => {
    const { measure } = TARGET_RANGES[target];
    const reached = measure ? document?.measures[measure]?.after : document?.osteotomy.correction_deg;
    planner.set((now) => aimAt(now, target, reached), true);
  };
  const to = (value: number, done: boolean): void =>
    planner.set((now) => ({ ...now, value: clampTarget(now.target, value) }), done);
  // What was typed is one step, not one a digit; "62." and "62.0" are numbers only when the hand is done with them.
  const settle = (typed: string): void => {
    const value = Number.parseFloat(typed);
    if (Number.isFinite(value)) to(value, true);
    else planner.set((now) => now, true);
  };

  return (
    <section className={classes.target} aria-label="Target">
      <SegmentedControl
        size="xs"
        value={state.target}
        onChange={(value) => aim(value as TargetField)}
        data={TARGETS.map((field) => ({ value: field, label: TARGET_RANGES[field].label }))}
        aria-label="What the plan aims at"
        data-testid="target"
      />
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
        value={state.value}
        onChange={(value) => typeof value === 'number' && value >= range.minimum && value <= range.maximum && to(value, false)}
        onBlur={(event) => settle(event.currentTarget.value)}
        onKeyDown={(event) => event.key === 'Enter' && settle(event.currentTarget.value)}
        data-testid="correction-input"
      />
      <Slider
        key={state.target}
        className={classes.slider}
        aria-label={range.name}
        thumbLabel={range.name}
        min={range.minimum}
        max={range.maximum}
        step={range.step}
        label={(value) => quantity(value, range.unit)}
        value={state.value}
        onChange={(value) => to(value, false)}
        onChangeEnd={(value) => to(value, true)}
        data-testid="correction-slider"
      />
      {state.target !== 'correction_deg' && (
        <span className={`${classes.comesTo} figures`} data-testid="comes-to" data-settled={planner.exact}>
          {quantity(planner.degrees, 'deg')}
        </span>
      )}
      <Popover position="bottom-end" withArrow shadow="md" width={330} trapFocus>
        <Popover.Target>
          <Button variant="default" size="xs" rightSection={<ChevronDown size={14} />} data-testid="technique-open">
            {techniqueWords(state)}
          </Button>
        </Popover.Target>
        <Popover.Dropdown>
          <TechniqueFields planner={planner} />
        </Popover.Dropdown>
      </Popover>
      <span className={classes.steps}>
        <Tooltip label="Undo (Ctrl Z)">
          <ActionIcon variant="subtle" color="gray" aria-label="Undo" disabled={!planner.undo} onClick={() => planner.undo?.()} data-testid="undo">
            <Undo2 size={16} />
          </ActionIcon>
        </Tooltip>
        <Tooltip label="Redo (Ctrl Y)">
          <ActionIcon variant="subtle" color="gray" aria-label="Redo" disabled={!planner.redo} onClick={() => planner.redo?.()} data-testid="redo">
            <Redo2 size={16} />
          </ActionIcon>
        </Tooltip>
      </span>
    </section>
  );
}
