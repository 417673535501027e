import { Popover, Text } from '@mantine/core';
import { TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';

import { number, quantity, unit } from '../../domain/format';
import { insideBand, type Measure } from '../../domain/plan';
import classes from './Case.module.css';

const PROVENANCE: Record<string, string> = {
  auto: 'Found automatically',
  edited: 'Set by a person',
  imputed: 'Estimated: the bone is not wholly in view',
};

/** Measures before and after, with unit and band; the name opens definition and source. */
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
          <th scope="col">Band</th>
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
  const after = measure.after ?? measure.value ?? null;
  const outside = after !== null && !insideBand(after, measure.band);
  return (
    <tr data-measure={name}>
      <th scope="row">
        <Popover position="left" withArrow width={300} shadow="md">
          <Popover.Target>
            <button type="button" className={classes.term}>
              {name.replaceAll('_', ' ')}
            </button>
          </Popover.Target>
          <Popover.Dropdown>
            <Text size="sm">{measure.definition}</Text>
            <Text size="xs" c="dimmed" mt={6}>
              {PROVENANCE[measure.provenance] ?? measure.provenance}
            </Text>
            <Text size="xs" c="dimmed" mt={2}>
              Source: {measure.source}
            </Text>
          </Popover.Dropdown>
        </Popover>
      </th>
      <td className="figures">{measure.before == null ? '' : quantity(measure.before, measure.unit)}</td>
      <td className="figures" data-outside={outside || undefined}>
        {outside && <TriangleAlert size={13} aria-label="Outside its band" />}
        {after === null ? '–' : quantity(after, measure.unit)}
      </td>
      <td className={`figures ${classes.band}`}>
        {measure.band && `${measure.band.map((edge) => number(edge, 0)).join(' – ')} ${unit(measure.unit)}`}
      </td>
    </tr>
  );
}
