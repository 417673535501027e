import { useDebouncedValue } from '@mantine/hooks';
import { CircleDashed, Hand, Ruler } from 'lucide-react';
import { memo, type ReactNode, useState } from 'react';

import { measureLabel, normality } from '../../domain/measures';
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

/** Numbers that have been awaited for so long are dimmed, ms. */
const LATE_MS = 150;

/** Measures before and after with unit and uncertainty; the name opens definition, normal range and source. */
export const MeasureTable = memo(function MeasureTable({ measures, settled }: { measures: Record<string, Measure>; settled: boolean }): ReactNode {
  const [opened, setOpened] = useState<string | null>(null);
  // Numbers that follow at once do not flicker.
  const [late] = useDebouncedValue(!settled, LATE_MS);
  const rows = Object.entries(measures);
  if (rows.length === 0) return null;
  return (
    <table className={classes.measures} data-settled={settled} data-late={late && !settled} data-testid="measures">
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
          <Row key={name} name={name} measure={measure} opened={opened === name} onOpen={() => setOpened(opened === name ? null : name)} />
        ))}
      </tbody>
    </table>
  );
});

interface RowProps {
  name: string;
  measure: Measure;
  opened: boolean;
  onOpen: () => void;
}

function Row({ name, measure, opened, onOpen }: RowProps): ReactNode {
  const { before, after, unit, normal } = measure;
  // Of the length of the leg, what counts is what the correction adds.
  const change = name === 'leg_length' ? after - before : null;
  // A ratio needs its second decimal, the length of a leg none.
  const digits = unit === '' ? 2 : unit === 'mm' ? 0 : 1;
  return (
    <>
      <tr data-measure={name} data-provenance={measure.provenance}>
        <th scope="row">
          <button type="button" className={classes.term} aria-expanded={opened} onClick={onOpen}>
            {measureLabel(name)}
          </button>{' '}
          <span className={classes.provenance}>{MARKS[measure.provenance]}</span>
        </th>
        <td className="figures">{quantity(before, unit, digits)}</td>
        <td className="figures" data-normal={normality(after, normal)}>
          {change === null ? quantity(after, unit, digits) : `${change > 0 ? '+' : ''}${quantity(change, unit)}`}
        </td>
        <td className={`figures ${classes.band}`}>{change === null && measure.band_after && range(measure.band_after, unit)}</td>
      </tr>
      {opened && (
        <tr data-testid="definition">
          <td colSpan={4} className={classes.definition}>
            <Definition measure={measure} />
          </td>
        </tr>
      )}
    </>
  );
}

function Definition({ measure }: { measure: Measure }): ReactNode {
  const { unit, band, normal } = measure;
  return (
    <>
      <p>{measure.definition}</p>
      <p className="figures">{normal ? `Normal: ${range([normal.low, normal.high], unit)} (${normal.source})` : 'No range is normal for everybody.'}</p>
      <p className="dim">
        {PROVENANCE[measure.provenance] ?? measure.provenance}
        {band && `; before the correction ${range(band, unit)} (90 %)`}. Source: {measure.source}
      </p>
    </>
  );
}
