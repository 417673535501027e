import type { ReactNode } from 'react';

import { number, quantity } from '../../domain/format';
import type { Osteotomy, PlanDocument } from '../../domain/plan';
import { bandAt, gapsAt } from '../../domain/wedge';
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
  const { wedge_volume_mm3: volume, hinge_below_joint_mm: below } = osteotomy;
  const figure = (label: string, name: keyof Osteotomy & string, value: number | null): FigureProps => ({
    label,
    value,
    band: bandAt(osteotomy, name, value),
  });
  return (
    <section className={classes.gaps} aria-label={closing ? 'Wedge that is taken out' : 'Opening of the wedge'} data-testid="gaps">
      <Figure {...figure(closing ? 'Lateral base' : 'Medial opening', 'gap_mm', size(gaps.medial))} strong />
      <Figure {...figure('Anterior', 'gap_anterior_mm', size(gaps.anterior))} />
      <Figure {...figure('Posterior', 'gap_posterior_mm', size(gaps.posterior))} />
      <Figure {...figure('Cut depth', 'cut_depth_mm', osteotomy.cut_depth_mm)} />
      {below !== undefined && <Figure {...figure('Hinge below joint', 'hinge_below_joint_mm', below)} />}
      {volume !== undefined && <Figure {...figure('Wedge', 'wedge_volume_mm3', volume)} unit="cm³" />}
    </section>
  );
}

/** How sure the correction and the bone left at the hinge are; nothing where nothing is in doubt. */
export function Doubts({ osteotomy, degrees }: Props): ReactNode {
  const closing = osteotomy.kind === 'lateral_closing_wedge';
  const cortex = closing ? 'medial_cortex_mm' : 'lateral_cortex_mm';
  const parts = [
    told('correction', 'deg', degrees, bandAt(osteotomy, 'correction_deg', degrees)),
    told(`${closing ? 'medial' : 'lateral'} cortex`, 'mm', osteotomy[cortex] ?? 0, bandAt(osteotomy, cortex, osteotomy[cortex] ?? 0)),
  ].filter((part) => part !== null);
  if (parts.length === 0) return null;
  return (
    <p className={`${planner.counted} figures`} data-testid="doubts" title="What the same plan comes to on the true bone lies in these ranges with a probability of 90 %">
      {`90 % range: ${parts.join(', ')}`}
    </p>
  );
}

function told(label: string, unit: string, value: number, band: readonly [number, number] | null): string | null {
  return band && `${label} ${quantity(value, unit)} (${fine(band)})`;
}

/** "3.1 to 8.0": like the number that it belongs to. */
function fine(band: readonly [number, number], per = 1): string {
  return band.map((edge) => number(edge / per)).join(' to ');
}

interface FigureProps {
  label: string;
  value: number | null;
  band: readonly [number, number] | null;
  unit?: 'mm' | 'cm³';
  strong?: boolean;
}

function Figure({ label, value, band, unit = 'mm', strong }: FigureProps): ReactNode {
  const per = unit === 'cm³' ? 1000 : 1;
  return (
    <div className={classes.figure} data-strong={strong || undefined}>
      <span className="figures">
        {value === null ? '–' : number(value / per)} <small>{unit}</small>
      </span>
      <span className="dim">{label}</span>
      {band && (
        <span className={`figures ${classes.doubt}`} data-band title="90 % range on the true bone">
          {fine(band, per)}
        </span>
      )}
    </div>
  );
}
