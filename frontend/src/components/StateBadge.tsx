import type { ReactNode } from 'react';

import { type Tone, words } from '../domain/states';
import classes from './StateBadge.module.css';

interface Props {
  state: string;
  progress?: number | null;
}

/** The state of a case in words, with its percentage while the computer works. */
export function StateBadge({ state, progress }: Props): ReactNode {
  const { label, tone } = words(state);
  const percent = tone === 'busy' && progress != null ? ` ${Math.floor(progress * 100)} %` : '';
  return (
    <span className={classes.badge} data-tone={tone satisfies Tone} data-state={state} data-testid="state">
      <span className={classes.dot} aria-hidden />
      <span className="figures">
        {label}
        {percent}
      </span>
    </span>
  );
}

