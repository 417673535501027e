import { Check as CheckIcon, Crosshair, OctagonX, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';

import type { Check } from '../../api/types';
import { quantity } from '../../domain/format';
import type { Point } from '../../domain/plan';
import classes from './Case.module.css';

const ORDER = { block: 0, warn: 1, pass: 2 } as const;
const ICONS = {
  pass: <CheckIcon size={16} aria-label="Passed" />,
  warn: <TriangleAlert size={16} aria-label="Look" />,
  block: <OctagonX size={16} aria-label="Blocks" />,
} as const;

/** Checks of the exported file, the blocking ones first; one with a place takes the camera there. */
export function Checks({ checks, onLook }: { checks: readonly Check[]; onLook: (place: Point) => void }): ReactNode {
  return (
    <ul className={classes.checks} data-testid="checks">
      {checks
        .toSorted((a, b) => ORDER[a.status] - ORDER[b.status])
        .map((check) => (
          <li key={check.name} data-status={check.status} data-check={check.name}>
            {ICONS[check.status]}
            <span>
              {check.message}
              <small className="dim figures">{figures(check)}</small>
              {check.status !== 'pass' && check.remedy && (
                <small>
                  <b>Next:</b> {check.remedy}.
                </small>
              )}
            </span>
            {check.place && (
              <button type="button" className={classes.look} onClick={() => check.place && onLook(check.place)} aria-label={`Show where: ${check.message}`}>
                <Crosshair size={15} />
              </button>
            )}
          </li>
        ))}
    </ul>
  );
}

function figures({ value, limit, unit }: Check): string {
  if (value === null) return '';
  return limit === null ? written(value, unit) : `${written(value, unit)}, limit ${written(limit, unit)}`;
}

/** Counts and large volumes need no decimals. */
function written(value: number, unit: string): string {
  return quantity(value, unit, Number.isInteger(value) || Math.abs(value) >= 100 ? 0 : 2);
}
