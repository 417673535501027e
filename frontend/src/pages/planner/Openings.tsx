import type { ReactNode } from 'react';

import { number, quantity } from '../../domain/format';
import type { Osteotomy, PlanDocument } from '../../domain/plan';
import { gapsAt } from '../../domain/wedge';
import classes from '../case/Case.module.css';
import planner from './Planner.module.css';

interface Props {
  osteotomy: Osteotomy;
  degrees: number;
}

/** What the plan counts on besides the wedge: the joint line closes by this much, which opens it that much less. */
export function CountedOn({ compensation }: { compensation: PlanDocument['jlca_compensation'] }): ReactNode {
  if (!compensation?.applied) return null;
  const { deg, jlca } = compensation;
  return (
    <p className={`${planner.counted} figures`} data-testid="jlca-counted">
      {deg > 0
        ? `JLCA compensation: the joint line is counted on to close by ${quantity(deg, 'deg')}, from JLCA ${quantity(jlca, 'deg')}; HKA and WBL after the correction have it in.`
        : `JLCA compensation: nothing to count on, JLCA ${quantity(jlca, 'deg')} is not above 2°.`}
    </p>
  );
}

/** The same line as it is drawn on a long-leg film, by both constructions; nothing where the hip is not known. */
export function Constructions({ osteotomy }: { osteotomy: Osteotomy }): ReactNode {
  const { miniaci_deg: miniaci, dugdale_deg: dugdale } = osteotomy;
  if (miniaci == null || dugdale == null) return null;
  return (
    <p
      className={`${planner.counted} figures`}
      data-testid="constructions"
      title="Miniaci: the ankle turned about the hinge onto the line from the hip through the target (10.1177/26350254211032968). Dugdale: what the angle of hip, target and ankle lacks to 180°."
    >
      {`Drawn on a film: ${quantity(miniaci, 'deg')} by Miniaci, ${quantity(dugdale, 'deg')} by Dugdale`}
    </p>
  );
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
