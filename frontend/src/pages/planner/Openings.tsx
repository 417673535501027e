import type { ReactNode } from 'react';

import { number } from '../../domain/format';
import type { Osteotomy } from '../../domain/plan';
import { gapsAt } from '../../domain/wedge';
import classes from '../case/Case.module.css';

interface Props {
  osteotomy: Osteotomy;
  degrees: number;
}

/** How far the wedge opens, or how much is taken out, at a correction of so many degrees. */
export function Openings({ osteotomy, degrees }: Props): ReactNode {
  const gaps = gapsAt(osteotomy, degrees);
  const closing = osteotomy.kind === 'lateral_closing_wedge';
  const size = (gap: number | null): number | null => (gap === null ? null : Math.abs(gap));
  const volume = osteotomy.wedge_volume_mm3;
  return (
    <section className={classes.gaps} aria-label={closing ? 'Wedge that is taken out' : 'Opening of the wedge'} data-testid="gaps">
      <Figure label={closing ? 'Lateral base' : 'Medial opening'} value={size(gaps.medial)} strong />
      <Figure label="Anterior" value={size(gaps.anterior)} />
      <Figure label="Posterior" value={size(gaps.posterior)} />
      <Figure label="Cut depth" value={osteotomy.cut_depth_mm} />
      {volume !== undefined && <Figure label="Wedge" value={volume / 1000} unit="cm³" />}
    </section>
  );
}

interface FigureProps {
  label: string;
  value: number | null;
  unit?: string;
  strong?: boolean;
}

function Figure({ label, value, unit = 'mm', strong }: FigureProps): ReactNode {
  return (
    <div className={classes.figure} data-strong={strong || undefined}>
      <span className="figures">
        {value === null ? '–' : number(value)} <small>{unit}</small>
      </span>
      <span className="dim">{label}</span>
    </div>
  );
}
