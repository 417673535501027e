import { Button, Loader, Modal, Text } from '@mantine/core';
import { TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';

import { useAlternatives } from '../../api/plans';
import type { PlanAlternative } from '../../api/types';
import { ErrorNote } from '../../components/ErrorNote';
import { quantity, range } from '../../domain/format';
import { measureLabel } from '../../domain/measures';
import { fromRequest } from '../../domain/planWire';
import type { Planner } from '../case/usePlanner';
import classes from './Planner.module.css';

/** Measures in which alternatives differ, in the order that they are read. */
const ROWS = ['HKA', 'WBL', 'mMPTA', 'JLO', 'JLCA', 'PTS_medial', 'PTS_lateral', 'Caton_Deschamps', 'leg_length'] as const;

interface Props {
  caseId: string;
  planner: Planner;
  onClose: () => void;
}

/** Several plans for this leg beside one another, each after its correction; one of them becomes the plan. */
export function AlternativesDialog({ caseId, planner, onClose }: Props): ReactNode {
  const query = useAlternatives(caseId, planner.request);
  const choose = (row: PlanAlternative): void => {
    planner.set(() => fromRequest(row.request), true);
    onClose();
  };
  return (
    <Modal opened onClose={onClose} title="Alternatives for this leg" size="auto" data-testid="alternatives-dialog">
      {query.isError && <ErrorNote error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <Loader size="sm" aria-label="Planning the alternatives" />}
      {query.data && <Table rows={query.data} onChoose={choose} />}
      <Text size="xs" c="dimmed" mt="sm" maw={640}>
        All with the technique, film, landmarks and cut of now; measures are those after the correction. Small: 90 % ranges on the true bone, where anything is in doubt.
      </Text>
    </Modal>
  );
}

function Table({ rows, onChoose }: { rows: readonly PlanAlternative[]; onChoose: (row: PlanAlternative) => void }): ReactNode {
  const measures = ROWS.filter((name) => rows.some((row) => name in row.measures));
  const closing = rows.some((row) => row.kind === 'lateral_closing_wedge');
  return (
    <div className={classes.tableScroll}>
      <table className={classes.alternatives}>
        <thead>
          <tr>
            <td />
            {rows.map((row, i) => (
              <th key={row.title} scope="col">
                {row.title}
                <small className="dim">{row.source}</small>
                {row.refused ? (
                  <small className={classes.refused}>{row.refused.message}</small>
                ) : (
                  <Button mt={6} size="compact-sm" variant="default" onClick={() => onChoose(row)} data-testid={`choose-alternative-${i}`}>
                    Take this one
                  </Button>
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="figures">
          <Line label="Correction" cells={rows.map((row) => numbered(row, 'correction_deg', 'deg'))} />
          <Line label={closing ? 'Lateral base' : 'Gap'} cells={rows.map((row) => numbered(row, 'gap_mm', 'mm'))} />
          <Line label="Wedge" cells={rows.map((row) => numbered(row, 'wedge_volume_mm3', 'cm³'))} />
          {measures.map((name) => (
            <Line key={name} label={measureLabel(name)} cells={rows.map((row) => measured(row, name))} />
          ))}
          <Line label="Warnings" cells={rows.map((row) => warned(row))} />
        </tbody>
      </table>
    </div>
  );
}

function Line({ label, cells }: { label: string; cells: readonly ReactNode[] }): ReactNode {
  return (
    <tr>
      <th scope="row">{label}</th>
      {cells.map((cell, i) => (
        <td key={i}>{cell || '–'}</td>
      ))}
    </tr>
  );
}

/** A number of the osteotomy and its band; what a closing wedge takes out is negative to the engine. */
function numbered(row: PlanAlternative, name: 'correction_deg' | 'gap_mm' | 'wedge_volume_mm3', unit: string): ReactNode {
  const value = row[name];
  if (value === null) return null;
  const per = (unit === 'cm³' ? 1000 : 1) * (value < 0 ? -1 : 1);
  const band = row.bands[name]?.map((edge) => edge / per).sort((a, b) => a - b);
  return (
    <>
      {quantity(value / per, unit)}
      {band && <small className="dim">{range(band, unit)}</small>}
    </>
  );
}

function measured(row: PlanAlternative, name: string): ReactNode {
  const measure = row.measures[name];
  if (!measure) return null;
  const change = name === 'leg_length' ? measure.change : undefined;
  if (change !== undefined) return `${change > 0 ? '+' : ''}${quantity(change, measure.unit)}`;
  return (
    <>
      {quantity(measure.after, measure.unit, measure.unit === '' ? 2 : 1)}
      {measure.band_after && <small className="dim">{range(measure.band_after, measure.unit)}</small>}
    </>
  );
}

function warned(row: PlanAlternative): ReactNode {
  if (row.refused) return null;
  if (row.warnings.length === 0) return 'none';
  return (
    <span className={classes.warned} title={row.warnings.map((warning) => warning.message).join('\n')}>
      <TriangleAlert size={13} aria-hidden /> {row.warnings.length}
    </span>
  );
}
