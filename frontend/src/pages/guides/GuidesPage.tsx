import { Text, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { PackageCheck } from 'lucide-react';
import { type KeyboardEvent, type ReactNode, useRef } from 'react';

import { useGuideQueue } from '../../api/guides';
import { ErrorNote } from '../../components/ErrorNote';
import { byState, STATE_LABELS } from '../../domain/guides';
import list from '../worklist/Worklist.module.css';
import { DesignRow, PlanRow } from './QueueRows';

/** What awaits an engineer: approved plans without a guide, then designs by state. */
export default function GuidesPage(): ReactNode {
  useDocumentTitle('Guides · Knee Guides');
  const query = useGuideQueue();
  const rows = useRef<HTMLDivElement>(null);
  const waiting = query.data?.waiting ?? [];
  const groups = byState(query.data?.designs ?? []);

  const walk = (event: KeyboardEvent): void => {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    const all = [...(rows.current?.querySelectorAll<HTMLElement>('[data-row]') ?? [])];
    const at = all.indexOf(document.activeElement as HTMLElement);
    all[at + (event.key === 'ArrowDown' ? 1 : -1)]?.focus();
    event.preventDefault();
  };

  return (
    <div className={list.page} onKeyDown={walk} data-testid="guides-page">
      <header className={list.header}>
        <Title order={1}>Guides</Title>
      </header>
      <div className={list.list} ref={rows}>
        {query.isError && <ErrorNote error={query.error} title="The queue of guides" onRetry={() => void query.refetch()} />}
        {query.isPending && (
          <div className={list.rows} aria-hidden>
            {[0, 1, 2].map((row) => (
              <div key={row} className={list.ghost} />
            ))}
          </div>
        )}
        {query.isSuccess && waiting.length === 0 && groups.length === 0 && <Empty />}
        {waiting.length > 0 && (
          <Section id="waiting" title="Waiting for a guide" count={waiting.length}>
            {waiting.map((row) => (
              <PlanRow key={row.plan} row={row} />
            ))}
          </Section>
        )}
        {groups.map(({ state, designs }) => (
          <Section key={state} id={state} title={STATE_LABELS[state]} count={designs.length}>
            {designs.map((row) => (
              <DesignRow key={row.id} row={row} />
            ))}
          </Section>
        ))}
      </div>
    </div>
  );
}

interface SectionProps {
  id: string;
  title: string;
  count: number;
  children: ReactNode;
}

function Section({ id, title, count, children }: SectionProps): ReactNode {
  return (
    <section className={list.group} aria-label={title} data-group={id}>
      <h2 className={list.groupTitle}>
        {title} <span className="figures">{count}</span>
      </h2>
      <div className={list.rows}>{children}</div>
    </section>
  );
}

function Empty(): ReactNode {
  return (
    <div className={list.empty} data-testid="no-guides">
      <PackageCheck size={36} aria-hidden />
      <Title order={2}>Nothing is waiting</Title>
      <Text c="dimmed" maw={420} ta="center">
        A plan appears here as soon as a surgeon approves it. From it a guide is designed, checked, signed off and printed.
      </Text>
    </div>
  );
}
