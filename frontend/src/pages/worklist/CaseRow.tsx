import { Progress, Tooltip } from '@mantine/core';
import { ChevronRight, Flag } from 'lucide-react';
import type { ReactNode } from 'react';
import { Link } from 'wouter';

import type { CaseSummary } from '../../api/types';
import { StateBadge } from '../../components/StateBadge';
import { ago, clock, SIDES } from '../../domain/format';
import { words } from '../../domain/states';
import classes from './Worklist.module.css';

export function CaseRow({ item }: { item: CaseSummary }): ReactNode {
  return (
    <Link href={`/cases/${item.id}`} className={classes.row} data-row data-testid={`case-${item.pseudonym}`}>
      <span className={classes.name}>
        <span className={classes.pseudonym}>{item.pseudonym}</span>
        {item.urgent && (
          <Tooltip label="Urgent">
            <Flag size={15} aria-label="Urgent" fill="currentColor" className={classes.flag} />
          </Tooltip>
        )}
      </span>
      <span>{SIDES[item.side]}</span>
      <span className={classes.state}>
        <StateBadge state={item.state} progress={item.progress} />
        {words(item.state).tone === 'busy' && (
          <Progress
            value={(item.progress ?? 0) * 100}
            size={3}
            w={120}
            transitionDuration={300}
            aria-label={`${words(item.state).label}, progress`}
          />
        )}
      </span>
      <span className="dim">{item.surgeon}</span>
      <time className={`dim figures ${classes.time}`} dateTime={item.updated_at} title={clock(item.updated_at)}>
        {ago(item.updated_at)}
      </time>
      <ChevronRight size={16} className={classes.chevron} aria-hidden />
    </Link>
  );
}
