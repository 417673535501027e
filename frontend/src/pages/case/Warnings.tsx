import { TriangleAlert } from 'lucide-react';
import { memo, type ReactNode } from 'react';

import type { PlanWarning } from '../../domain/plan';
import classes from './Case.module.css';

/** Warnings of a plan, in amber, each with its reason and source. */
export const Warnings = memo(function Warnings({ warnings }: { warnings: readonly PlanWarning[] }): ReactNode {
  if (warnings.length === 0) return null;
  return (
    <ul className={classes.warnings} data-testid="warnings">
      {warnings.map((warning) => (
        <li key={warning.code + warning.message} data-code={warning.code}>
          <TriangleAlert size={16} aria-label="Warning" />
          <span>
            {warning.message} {warning.source && <small>({warning.source})</small>}
          </span>
        </li>
      ))}
    </ul>
  );
});
