import type { ReactNode } from 'react';

import { number } from '../../domain/format';
import { heatGradient } from '../../domain/heat';
import classes from './Compare.module.css';

/** Over the bones: what the colours of uncertainty mean. `end` is the end of the scale, mm. */
export function UncertaintyBar({ end }: { end: number }): ReactNode {
  return (
    <div className={classes.bar} data-testid="uncertainty-legend">
      <span>Expected distance to the true surface</span>
      <div className={classes.legend}>
        <span className={classes.scale} style={{ background: heatGradient() }} aria-hidden />
        <span className={`${classes.ticks} figures`}>
          <span>0</span>
          <span>{number(end / 2)}</span>
          <span>≥ {number(end)} mm</span>
        </span>
      </div>
    </div>
  );
}
