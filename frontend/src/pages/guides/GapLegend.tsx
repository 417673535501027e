import type { ReactNode } from 'react';

import { gapGradient, SCALE_MM } from '../../domain/contact';
import { number } from '../../domain/format';
import classes from './Guides.module.css';

/** What the colours of a contact face mean. */
export function GapLegend({ clearance }: { clearance: number }): ReactNode {
  return (
    <div className={classes.legend} data-testid="gap-legend">
      Gap against {number(clearance, 2)} mm planned
      <i style={{ background: gapGradient() }} aria-hidden />
      <div className="figures">
        <span>{number(SCALE_MM[0], 1)} closer</span>
        <span>+{number(SCALE_MM[1], 1)} mm off</span>
      </div>
    </div>
  );
}
