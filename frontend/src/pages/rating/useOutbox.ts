import { useEffect, useSyncExternalStore } from 'react';

import { outboxOf } from '../../api/rating';
import type { Person } from '../../api/types';
import type { Outbox, OutboxState } from '../../domain/outbox';

/** The person's outbox and its present state; while anything waits in it, the browser asks before it lets go. */
export function useOutbox(person: Person): { box: Outbox; state: OutboxState } {
  const box = outboxOf(person.id);
  const state = useSyncExternalStore(box.subscribe, box.getState);
  const waiting = state.pending.length > 0;
  useEffect(() => {
    if (!waiting) return undefined;
    const ask = (event: BeforeUnloadEvent): void => event.preventDefault();
    globalThis.addEventListener('beforeunload', ask);
    return () => globalThis.removeEventListener('beforeunload', ask);
  }, [waiting]);
  return { box, state };
}
