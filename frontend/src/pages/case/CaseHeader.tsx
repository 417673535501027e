import { ActionIcon, Tooltip } from '@mantine/core';
import { ArrowLeft, Flag } from 'lucide-react';
import { memo, type ReactNode } from 'react';
import { Link } from 'wouter';

import { useSetUrgent } from '../../api/queries';
import type { CaseDetail } from '../../api/types';
import { StateBadge } from '../../components/StateBadge';
import { ago, clock, SIDES } from '../../domain/format';
import classes from './Case.module.css';

export const CaseHeader = memo(function CaseHeader({ detail }: { detail: CaseDetail }): ReactNode {
  const setUrgent = useSetUrgent(detail.id);
  // Shown at once; the server's word follows.
  const urgent = setUrgent.isPending ? setUrgent.variables : detail.urgent;
  return (
    <header className={classes.header}>
      <Tooltip label="Worklist">
        <ActionIcon component={Link} href="/" variant="subtle" color="gray" aria-label="Back to the worklist">
          <ArrowLeft size={18} />
        </ActionIcon>
      </Tooltip>
      <h1 className={classes.pseudonym} data-testid="case-title">
        {detail.pseudonym}
      </h1>
      <span className={classes.side}>{SIDES[detail.side]} knee</span>
      <span className={classes.divider} aria-hidden />
      <StateBadge state={detail.state} progress={detail.progress} />
      <span className={classes.grow} />
      <span className="dim">{detail.surgeon}</span>
      <time className="dim figures" dateTime={detail.updated_at} title={clock(detail.updated_at)}>
        {ago(detail.updated_at)}
      </time>
      <Tooltip label={urgent ? 'Urgent; press to take it back' : 'Mark as urgent'}>
        <ActionIcon
          variant={urgent ? 'light' : 'subtle'}
          color={urgent ? 'look' : 'gray'}
          aria-label="Urgent"
          aria-pressed={urgent}
          onClick={() => setUrgent.mutate(!urgent)}
          data-testid="toggle-urgent"
        >
          <Flag size={16} color={urgent ? 'var(--look)' : 'currentColor'} fill={urgent ? 'var(--look)' : 'none'} />
        </ActionIcon>
      </Tooltip>
    </header>
  );
});
