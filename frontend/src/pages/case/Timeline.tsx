import { Text } from '@mantine/core';
import type { ReactNode } from 'react';

import type { TimelineEntry } from '../../api/types';
import { clock } from '../../domain/format';
import classes from './Case.module.css';

/** What happened, who did it and when; newest first. */
export function Timeline({ entries }: { entries: TimelineEntry[] }): ReactNode {
  const ordered = entries.toSorted((a, b) => b.at.localeCompare(a.at));
  if (ordered.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        Nothing has happened yet.
      </Text>
    );
  }
  return (
    <ol className={classes.timeline} data-testid="timeline">
      {ordered.map((entry, i) => (
        <li key={`${entry.at}-${i}`} data-action={entry.action}>
          <span>{entry.text}</span>
          <span className="dim figures">
            {entry.person && `${entry.person} · `}
            <time dateTime={entry.at}>{clock(entry.at)}</time>
          </span>
        </li>
      ))}
    </ol>
  );
}
