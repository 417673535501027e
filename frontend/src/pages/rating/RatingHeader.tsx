import { Badge, Button, Progress } from '@mantine/core';
import { LogOut, Pause, Play } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import { Link } from 'wouter';

import type { MyItem, MyStudyDetail } from '../../api/rating';
import { useNow } from '../../components/useNow';
import type { Outbox, OutboxState } from '../../domain/outbox';
import { asTime, press, seconds, STILL } from '../../domain/stopwatch';
import classes from './Rating.module.css';
import { SaveState } from './SaveState';

interface Props {
  study: MyStudyDetail;
  item: MyItem | undefined;
  at: number;
  done: number;
  box: Outbox;
  state: OutboxState;
  rest: (() => void) | null;
  resting: boolean;
  /** Back to where the rater was, after looking at earlier items. */
  onJump: (() => void) | null;
  jumpTo: number;
}

/** Which item of how many, whether it is saved, and the break; nothing that tells what the item is. */
export function RatingHeader({ study, item, at, done, box, state, rest, resting, onJump, jumpTo }: Props): ReactNode {
  const count = study.list.length;
  return (
    <header className={classes.header}>
      <Link href="/rating" className={classes.leave} aria-label="Leave, to my studies" title="To my studies">
        <LogOut size={18} aria-hidden />
      </Link>
      {item && (
        <h1 className={classes.code} data-testid="item-code">
          {item.code}
        </h1>
      )}
      {item?.training && (
        <Badge variant="light" color="gray" data-testid="training">
          Training, does not count
        </Badge>
      )}
      <div className={classes.progress}>
        <span className="figures" data-testid="progress">
          {item ? `${at + 1} of ${count}` : `${done} of ${count}`}
        </span>
        <Progress value={count === 0 ? 0 : (100 * done) / count} w={110} size="sm" aria-label={`${done} of ${count} items rated`} />
      </div>
      {onJump && (
        <Button size="compact-sm" variant="default" onClick={onJump} data-testid="jump">
          Go on at {jumpTo}
        </Button>
      )}
      <span className={classes.grow} />
      {item && study.kind === 'model_rating' && <ItemTime key={item.token} resting={resting} />}
      <SaveState box={box} state={state} />
      {study.kind === 'model_rating' && (
        <Button
          size="compact-sm"
          variant="default"
          leftSection={resting ? <Play size={15} /> : <Pause size={15} />}
          disabled={rest === null}
          onClick={() => rest?.()}
          data-testid="pause"
        >
          {resting ? 'Go on' : 'Break'}
        </Button>
      )}
    </header>
  );
}

/** How long the item has been in front of the rater this time, without breaks; the server keeps its own account. */
function ItemTime({ resting }: { resting: boolean }): ReactNode {
  const [watch, setWatch] = useState(() => press(STILL, 'placed', Date.now()));
  useEffect(() => setWatch((now) => press(now, resting ? 'paused' : 'resumed', Date.now())), [resting]);
  const now = useNow(!resting, 1000);
  return (
    <span className={`${classes.itemTime} figures`} title="On this item, this time, without breaks (minutes : seconds)" data-testid="item-time">
      {asTime(seconds(watch, now))} <small>min : s</small>
    </span>
  );
}
