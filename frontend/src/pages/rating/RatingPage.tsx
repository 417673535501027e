import { useDocumentTitle } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useEffect, useState } from 'react';

import { useMyStudy } from '../../api/rating';
import type { Person } from '../../api/types';
import { ErrorNote } from '../../components/ErrorNote';
import { RatingDesk } from './RatingDesk';
import classes from './Rating.module.css';
import { useLasting } from './useLasting';
import { useOutbox } from './useOutbox';

interface Props {
  id: string;
  person: Person;
}

/** The page of one study of a rater. */
export default function RatingPage({ id, person }: Props): ReactNode {
  useDocumentTitle('Rating · Knee Guides');
  const cache = useQueryClient();
  const study = useMyStudy(id, person);
  const { box, state } = useOutbox(person);
  const lasting = useLasting();
  const [visit, setVisit] = useState(0);

  const refusals = state.refused.length;
  useEffect(() => {
    // An item or the whole study may be gone.
    if (refusals > 0) void cache.invalidateQueries({ queryKey: ['rating', 'study', id] });
  }, [refusals, cache, id]);

  const refresh = (): void => {
    void cache.invalidateQueries({ queryKey: ['rating', 'study', id] }).then(() => setVisit((now) => now + 1));
  };
  if (study.data) return <RatingDesk key={visit} study={study.data} box={box} state={state} lasting={lasting} onRefresh={refresh} />;
  return (
    <div className={classes.message} role="status">
      {study.isError ? <ErrorNote error={study.error} title="Your study" onRetry={() => void study.refetch()} /> : 'Loading your list …'}
    </div>
  );
}
