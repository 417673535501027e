import { Button, Loader, TextInput, Title } from '@mantine/core';
import { useDebouncedValue, useDocumentTitle } from '@mantine/hooks';
import { FilePlus2, Search } from 'lucide-react';
import { type KeyboardEvent, type ReactNode, useRef, useState } from 'react';

import { useCases } from '../../api/queries';
import type { Person } from '../../api/types';
import { useKeys } from '../../components/useKeys';
import { ErrorNote } from '../../components/ErrorNote';
import { ENGINEERS_QUEUE, grouped, words } from '../../domain/states';
import { CaseRow } from './CaseRow';
import { DropAnywhere } from './DropAnywhere';
import { EmptyWorklist } from './EmptyWorklist';
import { NewCaseDialog } from './NewCaseDialog';
import classes from './Worklist.module.css';

/** Cases by state, urgent first, live. */
export function WorklistPage({ person }: { person: Person }): ReactNode {
  useDocumentTitle('Worklist · Knee Guides');
  const mayCreate = person.roles.includes('surgeon');
  const [search, setSearch] = useState('');
  const [sought] = useDebouncedValue(search.trim(), 200);
  const [state, setState] = useState<string | null>(null);
  const [dropped, setDropped] = useState<File[] | null>(null);
  const searchBox = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const query = useCases(sought);

  useKeys({
    '/': () => searchBox.current?.focus(),
    n: () => mayCreate && setDropped([]),
  });

  const cases = query.data?.cases ?? [];
  const groups = grouped(cases, mayCreate ? [] : ENGINEERS_QUEUE);
  // A filter whose last case moved on would show an empty page for no visible reason.
  const filter = groups.some((group) => group.state === state) ? state : null;
  const shown = filter === null ? groups : groups.filter((group) => group.state === filter);

  const walk = (event: KeyboardEvent): void => {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    const rows = [...(list.current?.querySelectorAll<HTMLElement>('[data-row]') ?? [])];
    const at = rows.indexOf(document.activeElement as HTMLElement);
    const next = rows[at + (event.key === 'ArrowDown' ? 1 : -1)];
    if (next) next.focus();
    else if (event.key === 'ArrowUp') searchBox.current?.focus();
    event.preventDefault();
  };

  return (
    <div className={classes.page} onKeyDown={walk} data-testid="worklist">
      <header className={classes.header}>
        <Title order={1}>Worklist</Title>
        <TextInput
          ref={searchBox}
          className={classes.search}
          placeholder="Search pseudonym or surgeon"
          aria-label="Search the worklist"
          leftSection={<Search size={16} />}
          rightSection={query.isFetching && search !== '' ? <Loader size={14} /> : <kbd aria-hidden>/</kbd>}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
          onKeyDown={(event) => event.key === 'Escape' && setSearch('')}
          data-testid="search"
        />
        <span className={classes.grow} />
        {mayCreate && (
          <Button leftSection={<FilePlus2 size={16} />} onClick={() => setDropped([])} data-testid="new-case">
            New case
          </Button>
        )}
      </header>

      {groups.length > 0 && (
        <div className={classes.filters} role="group" aria-label="Filter by state">
          <Filter label="All" count={query.data?.count ?? cases.length} active={filter === null} onClick={() => setState(null)} />
          {groups.map((group) => (
            <Filter
              key={group.state}
              label={words(group.state).label}
              count={group.cases.length}
              active={filter === group.state}
              onClick={() => setState(filter === group.state ? null : group.state)}
            />
          ))}
        </div>
      )}

      <div className={classes.list} ref={list}>
        {query.isError && <ErrorNote error={query.error} title="The worklist" onRetry={() => void query.refetch()} />}
        {query.isPending && <Skeleton />}
        {query.isSuccess && cases.length === 0 && (
          <EmptyWorklist sought={sought} mayCreate={mayCreate} onBegin={() => setDropped([])} onClear={() => setSearch('')} />
        )}
        {shown.map((group) => (
          <section key={group.state} className={classes.group} aria-label={words(group.state).label} data-group={group.state}>
            <h2 className={classes.groupTitle}>
              {words(group.state).label} <span className="figures">{group.cases.length}</span>
            </h2>
            <div className={classes.rows}>
              {group.cases.map((item) => (
                <CaseRow key={item.id} item={item} />
              ))}
            </div>
          </section>
        ))}
        {query.data && query.data.count > cases.length && (
          <p className="dim">
            The first {cases.length} of {query.data.count} cases. Search to find the others.
          </p>
        )}
      </div>

      {mayCreate && <DropAnywhere onFiles={setDropped} enabled={dropped === null} />}
      {dropped !== null && <NewCaseDialog files={dropped} onClose={() => setDropped(null)} />}
    </div>
  );
}

interface FilterProps {
  label: string;
  count: number;
  active: boolean;
  onClick: () => void;
}

function Filter({ label, count, active, onClick }: FilterProps): ReactNode {
  return (
    <button type="button" className={classes.filter} data-active={active || undefined} aria-pressed={active} onClick={onClick}>
      {label} <span className="figures">{count}</span>
    </button>
  );
}

function Skeleton(): ReactNode {
  return (
    <div className={classes.rows} aria-hidden>
      {[0, 1, 2, 3].map((row) => (
        <div key={row} className={classes.ghost} />
      ))}
    </div>
  );
}
