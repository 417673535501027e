import type { ReactNode } from 'react';

import { number } from '../../domain/format';
import { heatGradient } from '../../domain/heat';
import classes from './Compare.module.css';

interface Props {
  /** End of the scale, mm. */
  end: number;
  /** Whether the engine says not to trust these bones. */
  untrusted: boolean;
}

/** Over the bones: what the colours of uncertainty mean. */
export function UncertaintyBar({ end, untrusted }: Props): ReactNode {
  return (
    <div className={classes.bar} data-testid="uncertainty-legend">
      <span>Expected distance to the true surface</span>
      {untrusted && (
        <span className={classes.doubt}>
          This holds for knees that the network knows. It does not know this one: these bones may be further off.
        </span>
      )}
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
