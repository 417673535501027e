import { Check } from 'lucide-react';
import { type ReactNode, useEffect } from 'react';

import type { MyItem } from '../../api/rating';
import { type Outbox, standingOf } from '../../domain/outbox';
import { isTimed, type Asked, type Standing } from '../../domain/ratingForm';
import classes from './Rating.module.css';
import { StopwatchPanel } from './StopwatchPanel';

interface Props {
  box: Outbox;
  item: MyItem;
  questions: readonly Asked[];
  standing: Standing;
  /** Something of it is on the server that this device has not seen yet. */
  unknown: boolean;
  final: boolean;
  /** The page survives a reload without a network. */
  lasting: boolean;
  children: ReactNode;
}

/** One printed guide: its label, the stop-watch, the scales. Needs no network once the study is loaded. */
export function GuideItem({ box, item, questions, standing, unknown, final, lasting, children }: Props): ReactNode {
  useEffect(() => {
    if (!standingOf(box.getState(), item.token)?.opened) box.add(item.token, { kind: 'open' });
  }, [box, item.token]);
  return (
    <div className={classes.guide} data-testid="guide-item">
      <div className={classes.bench}>
        <div className={classes.label}>
          <span>Take the guide with the label</span>
          <b data-testid="guide-label">{item.code}</b>
        </div>
        {unknown && (
          <p className={classes.hint} role="status">
            What was saved of this guide before shows as soon as the connection is back.
          </p>
        )}
        {isTimed(questions) && (
          <StopwatchPanel
            watch={standing.watch}
            disabled={final || unknown}
            onPress={(press, note = '') => box.add(item.token, { kind: 'press', press, note })}
          />
        )}
        {lasting && (
          <p className={classes.hint} data-testid="lasting">
            <Check size={14} aria-hidden /> Works without a network: the page may be reloaded, and nothing is lost.
          </p>
        )}
      </div>
      {children}
    </div>
  );
}
