import { BadgeCheck, Ban, OctagonX, PenLine } from 'lucide-react';
import type { ReactNode } from 'react';

import { type GuideState, STATE_LABELS } from '../../domain/guides';
import classes from './Guides.module.css';

const ICONS: Record<GuideState, ReactNode> = {
  to_sign: <PenLine size={15} aria-hidden />,
  signed: <BadgeCheck size={15} aria-hidden />,
  blocked: <OctagonX size={15} aria-hidden />,
  void: <Ban size={15} aria-hidden />,
};

/** Where a design stands, in words and a sign. */
export function GuideBadge({ state }: { state: GuideState }): ReactNode {
  return (
    <span className={classes.badge} data-state={state} data-testid="guide-state">
      {ICONS[state]}
      {STATE_LABELS[state]}
    </span>
  );
}
