import { Popover, Text } from '@mantine/core';
import { CircleDashed, Hand, Ruler } from 'lucide-react';
import type { ReactNode } from 'react';

import { normality } from '../../domain/measures';
import { quantity, range } from '../../domain/format';
import type { Measure } from '../../domain/plan';
import classes from './Case.module.css';

const PROVENANCE: Record<string, string> = {
  auto: 'From landmarks found automatically',
  edited: 'From landmarks set by a person',
  imputed: 'Estimated: part of the leg is out of view',
  measured: 'As read on the long-leg film',
};

const MARKS: Record<string, ReactNode> = {
  edited: <Hand size={11} aria-label="set by a person" />,
  imputed: <CircleDashed size={11} aria-label="estimated" />,
  measured: <Ruler size={11} aria-label="read on the film" />,
};

/** Measures before and after with unit and uncertainty; the name opens definition, normal range and source. */
export function MeasureTable({ measures, settled }: { measures: Record<string, Measure>; settled: boolean }): ReactNode {
  const rows = Object.entries(measures);
  if (rows.length === 0) return null;
  return (
    <table className={classes.measures} data-settled={settled} data-testid="measures">
      <thead>
        <tr>
          <th scope="col">Measure</th>
          <th scope="col">Before</th>
          <th scope="col">After</th>
          <th scope="col" title="The value after the correction lies in this range with a probability of 90 %">
            90 % range
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(([name, measure]) => (
          <Row key={name} name={name} measure={measure} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ name, measure }: { name: string; measure: Measure }): ReactNode {
  const { before, after, unit, band, normal } = measure;
  // A ratio needs its second decimal.
  const digits = unit === '' ? 2 : 1;
  return (
    <tr data-measure={name} data-provenance={measure.provenance}>
      <th scope="row">
        <Popover position="left" withArrow width={300} shadow="md">
          <Popover.Target>
            <button type="button" className={classes.term}>
              {name.replaceAll('_', ' ')}
            </button>
          </Popover.Target>
          <Popover.Dropdown>
            <Text size="sm">{measure.definition}</Text>
            <Text size="sm" mt={6} className="figures">
              {normal ? `Normal: ${range([normal.low, normal.high], unit)} (${normal.source})` : 'No range is normal for everybody.'}
            </Text>
            <Text size="xs" c="dimmed" mt={6}>
              {PROVENANCE[measure.provenance] ?? measure.provenance}
              {band && `; before the correction ${range(band, unit)} (90 %)`}
            </Text>
            <Text size="xs" c="dimmed" mt={2}>
              Source: {measure.source}
            </Text>
          </Popover.Dropdown>
        </Popover>{' '}
        <span className={classes.provenance}>{MARKS[measure.provenance]}</span>
      </th>
      <td className="figures">{quantity(before, unit, digits)}</td>
      <td className="figures" data-normal={normality(after, normal)}>
        {quantity(after, unit, digits)}
      </td>
      <td className={`figures ${classes.band}`}>{measure.band_after && range(measure.band_after, unit)}</td>
    </tr>
  );
}
