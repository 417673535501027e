import { Progress, Tooltip } from '@mantine/core';
import { ChevronRight, Flag } from 'lucide-react';
import type { ReactNode } from 'react';
import { Link } from 'wouter';

import { ago, clock, quantity, SIDES } from '../../domain/format';
import { dials, type QueuedGuide, type QueuedPlan, supersededWords, waitingWords } from '../../domain/guides';
import list from '../worklist/Worklist.module.css';
import { GuideBadge } from './GuideBadge';
import classes from './Guides.module.css';

interface RowProps {
  href: string;
  testid: string;
  item: Pick<QueuedPlan, 'pseudonym' | 'urgent' | 'side' | 'revision' | 'correction_deg'>;
  at: string | null;
  children: ReactNode;
}

function Row({ href, testid, item, at, children }: RowProps): ReactNode {
  return (
    <Link href={href} className={`${list.row} ${classes.row}`} data-row data-testid={testid}>
      <span className={list.name}>
        <span className={list.pseudonym}>{item.pseudonym}</span>
        {item.urgent && (
          <Tooltip label="Urgent">
            <Flag size={15} aria-label="Urgent" fill="currentColor" className={list.flag} />
          </Tooltip>
        )}
      </span>
      <span>{SIDES[item.side]}</span>
      <span className="figures">
        {quantity(item.correction_deg, 'deg')} <span className="dim">plan {item.revision}</span>
      </span>
      {children}
      <time className={`dim figures ${list.time}`} dateTime={at ?? ''} title={at ? clock(at) : ''}>
        {at ? ago(at) : ''}
      </time>
      <ChevronRight size={16} className={list.chevron} aria-hidden />
    </Link>
  );
}

/** An approved plan without a guide that can be printed. */
export function PlanRow({ row }: { row: QueuedPlan }): ReactNode {
  const { job } = row;
  const busy = job && (job.state === 'running' || job.state === 'queued');
  return (
    <Row href={`/guides/cases/${row.case}`} testid={`waiting-${row.pseudonym}`} item={row} at={row.approved_at}>
      <span className={classes.words}>
        {busy ? (
          <>
            <span className="figures">Designing {Math.floor((job.fraction ?? 0) * 100)} %</span>
            <Progress value={(job.fraction ?? 0) * 100} size={3} w={140} aria-label="Design, progress" />
          </>
        ) : (
          <span>{waitingWords(row)}</span>
        )}
        <small className="dim">{row.approved_by ? `Approved by ${row.approved_by}` : row.surgeon}</small>
      </span>
    </Row>
  );
}

/** A design with its verdict. */
export function DesignRow({ row }: { row: QueuedGuide }): ReactNode {
  const superseded = row.state === 'void' ? null : supersededWords(row);
  return (
    <Row href={`/guides/cases/${row.case}/${row.id}`} testid={`design-${row.pseudonym}-${row.version}`} item={row} at={row.created_at}>
      <span className={classes.words}>
        <span className={classes.small}>
          <b>Guide {row.version}</b>
          <GuideBadge state={row.state} />
        </span>
        {superseded && (
          <small className={classes.superseded} data-testid="superseded">
            {superseded}
          </small>
        )}
        <small className="dim figures">
          {row.scores ? dials(row.scores).map(({ label, score }) => `${label} ${score}`).join(' · ') : 'Not scored'}
          {row.signature ? ` · signed by ${row.signature.person}` : ` · by ${row.author}`}
        </small>
      </span>
    </Row>
  );
}
