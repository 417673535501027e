import { Button } from '@mantine/core';
import { CloudCheck, CloudOff, CloudUpload } from 'lucide-react';
import type { ReactNode } from 'react';

import { ApiError } from '../../api/errors';
import { ErrorNote } from '../../components/ErrorNote';
import type { Outbox, OutboxState } from '../../domain/outbox';
import classes from './Rating.module.css';

interface Props {
  box: Outbox;
  state: OutboxState;
}

/** Whether everything is on the server, is on its way, or is kept here until the network is back. */
export function SaveState({ box, state }: Props): ReactNode {
  const count = state.pending.length;
  if (count === 0) {
    return (
      <span className={classes.saveState} role="status" data-testid="save-state" data-state="saved">
        <CloudCheck size={16} aria-hidden /> Saved
      </span>
    );
  }
  if (state.failure === null) {
    return (
      <span className={classes.saveState} role="status" data-testid="save-state" data-state="saving">
        <CloudUpload size={16} aria-hidden /> Saving …
      </span>
    );
  }
  return (
    <span className={classes.saveState} role="status" data-testid="save-state" data-state="kept" data-waiting={count}>
      <CloudOff size={16} aria-hidden />
      <span>
        <b className="figures">{count}</b> kept on this device, sent when the connection is back
      </span>
      <Button size="compact-xs" variant="default" loading={state.sending} onClick={() => void box.flush()}>
        Send now
      </Button>
    </span>
  );
}

/** What the server would not keep, and why; stays until it was read. */
export function Refusals({ box, state }: Props): ReactNode {
  const broken = state.failure instanceof ApiError ? state.failure : null;
  if (state.refused.length === 0 && !broken) return null;
  return (
    <div className={classes.refusals}>
      {broken && <ErrorNote error={broken} title="Sending your answers" onRetry={() => void box.flush()} />}
      {state.refused.map(({ act, problem }) => (
        <ErrorNote
          key={act.token}
          error={new ApiError(0, problem)}
          title="Something that you did could not be saved"
          onClose={() => box.dismiss(act.token)}
        />
      ))}
    </div>
  );
}
