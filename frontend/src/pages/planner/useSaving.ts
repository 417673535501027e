import { notifications } from '@mantine/notifications';
import { useEffect, useState } from 'react';

import { useSavePlan } from '../../api/plans';
import type { PlanRequest } from '../../domain/planWire';

export interface Saving {
  save: (reason: string) => void;
  pending: boolean;
  error: unknown;
  dismiss: () => void;
}

/**
 * Saves what the page asks for when the button is pressed. A slider tells where it was put one frame later, so that the
 * press waits for that frame: what is saved is what the hand had chosen, and no press is lost to a page that is busy.
 */
export function useSaving(caseId: string, request: PlanRequest, onSaved: () => void): Saving {
  const mutation = useSavePlan(caseId);
  const [pressed, setPressed] = useState(false);
  const [wanted, setWanted] = useState<{ reason: string } | null>(null);
  const { mutate } = mutation;

  useEffect(() => {
    if (!wanted) return;
    setWanted(null);
    setPressed(false);
    mutate(
      { ...request, reason: wanted.reason },
      {
        onSuccess: (plan) => {
          onSaved();
          notifications.show({ message: `Plan revision ${plan.revision} is saved`, withBorder: true });
        },
      },
    );
  }, [wanted, request, mutate, onSaved]);

  return {
    save: (reason) => {
      setPressed(true);
      // Callbacks of one frame run in the order in which they were asked for: the slider's comes before this one.
      requestAnimationFrame(() => setWanted({ reason }));
    },
    pending: pressed || mutation.isPending,
    error: mutation.error,
    dismiss: mutation.reset,
  };
}
