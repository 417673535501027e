import type { ReactNode } from 'react';

import type { StudyState } from '../../api/studies';
import badge from '../../components/StateBadge.module.css';

const WORDS: Record<StudyState, readonly [string, 'turn' | 'busy' | 'done']> = {
  draft: ['Draft', 'turn'],
  ready: ['Ready to open', 'turn'],
  running: ['Running', 'busy'],
  locked: ['Locked', 'turn'],
  unblinded: ['Unblinded', 'done'],
};

/** Where a study stands, in words. */
export function StateMark({ state }: { state: StudyState }): ReactNode {
  const [label, tone] = WORDS[state];
  return (
    <span className={badge.badge} data-tone={tone} data-state={state} data-testid="study-state">
      <span className={badge.dot} aria-hidden />
      {label}
    </span>
  );
}
