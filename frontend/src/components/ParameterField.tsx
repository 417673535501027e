import { NumberInput, Switch, Tooltip } from '@mantine/core';
import { Info } from 'lucide-react';
import type { ReactNode } from 'react';

import { unit } from '../domain/format';
import { type GuideParameter, isSwitch } from '../domain/guides';
import classes from './ParameterField.module.css';

interface Props {
  parameter: GuideParameter;
  value: number;
  /** Where it stands without the person's change. */
  base: number;
  disabled?: boolean;
  onChange: (value: number) => void;
}

/** One parameter of a guide with its definition and range. */
export function ParameterField({ parameter, value, base, disabled, onChange }: Props): ReactNode {
  const span = parameter.max - parameter.min;
  const id = `parameter-${parameter.name}`;
  const range = isSwitch(parameter) ? '' : ` (${parameter.min} to ${parameter.max} ${unit(parameter.unit)})`;
  return (
    <div className={classes.parameter} data-changed={value !== base || undefined}>
      <label htmlFor={id}>{parameter.label}</label>
      <Tooltip label={`${parameter.definition}${range}`} multiline w={260} openDelay={0}>
        <span className={classes.info} tabIndex={0} role="note" aria-label={parameter.definition}>
          <Info size={14} />
        </span>
      </Tooltip>
      {isSwitch(parameter) ? (
        <Switch
          id={id}
          size="xs"
          disabled={disabled ?? false}
          checked={value === 1}
          onChange={(event) => onChange(event.currentTarget.checked ? 1 : 0)}
        />
      ) : (
        <NumberInput
          id={id}
          size="xs"
          w={92}
          suffix={` ${unit(parameter.unit)}`}
          min={parameter.min}
          max={parameter.max}
          step={span > 20 ? 1 : span > 4 ? 0.5 : 0.05}
          decimalScale={2}
          clampBehavior="blur"
          disabled={disabled ?? false}
          value={value}
          onChange={(next) => typeof next === 'number' && onChange(next)}
        />
      )}
    </div>
  );
}
