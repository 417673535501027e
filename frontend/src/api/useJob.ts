import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useReducer } from 'react';

import { hasHole, type JobEvent, NOTHING, replay, type Replay } from '../domain/replay';
import { client, told } from './client';
import { listen } from './live';
import type { Job } from './types';

function isEvent(value: unknown): value is JobEvent {
  return typeof value === 'object' && value !== null && 'sequence' in value && 'kind' in value;
}

/** Where a job stands, live: the row as it was read, overtaken by the events that came after it. */
export interface JobProgress {
  stage: string;
  fraction: number | null;
  remaining_s: number | null;
  queued: boolean;
  cancelling: boolean;
}

type Change = { job: string } | { event: JobEvent };

interface Followed {
  job: string;
  replay: Replay;
}

function follow(state: Followed, change: Change): Followed {
  if ('job' in change) return change.job === state.job ? state : { job: change.job, replay: NOTHING };
  return { ...state, replay: replay(state.replay, change.event) };
}

/**
 * Follow a job through its numbered events, from the first one: a reload or a lost connection replays what was
 * missed, and an event that ends the job refreshes its case.
 */
export function useJob(job: Job, caseId: string): JobProgress {
  const cache = useQueryClient();
  const [state, dispatch] = useReducer(follow, { job: job.id, replay: NOTHING });

  useEffect(() => {
    dispatch({ job: job.id });
    let current = NOTHING;
    const take = (event: JobEvent): void => {
      current = replay(current, event);
      dispatch({ event });
      if (event.kind !== 'progress') void cache.invalidateQueries({ queryKey: ['case', caseId] });
    };
    const live = listen(
      () => `/ws/jobs/${job.id}/?after=${current.sequence}`,
      (message) => {
        if (!isEvent(message)) return;
        take(message);
        if (!hasHole(current)) return;
        // A wake-up was lost on the way: the stored events fill the hole.
        void told(
          client.GET('/api/jobs/{id}/events/', {
            params: { path: { id: job.id }, query: { after: current.sequence } },
          }),
        ).then(({ results }) => results.forEach(take), () => {});
      },
    );
    return live.close;
  }, [job.id, caseId, cache]);

  const event = state.job === job.id ? state.replay.latest : null;
  const newer = event !== null && event.sequence >= job.last_sequence ? event : null;
  return {
    stage: newer?.stage || job.stage,
    fraction: newer ? newer.fraction : job.fraction,
    remaining_s: newer ? newer.remaining_s : job.remaining_s,
    queued: newer ? newer.kind === 'queued' || newer.kind === 'restarted' : job.state === 'queued',
    cancelling: newer?.kind === 'cancel_requested',
  };
}
