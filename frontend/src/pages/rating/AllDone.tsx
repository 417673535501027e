import { Button, Group } from '@mantine/core';
import { CircleCheckBig } from 'lucide-react';
import type { ReactNode } from 'react';
import { Link } from 'wouter';

import type { MyStudyDetail } from '../../api/rating';
import classes from './Rating.module.css';

interface Props {
  study: MyStudyDetail;
  /** Acts that the server has not got yet. */
  waiting: number;
  complete: boolean;
  onBack: (() => void) | null;
  onRefresh: () => void;
}

export function AllDone({ study, waiting, complete, onBack, onRefresh }: Props): ReactNode {
  return (
    <div className={classes.message} data-testid="all-done">
      <CircleCheckBig size={34} strokeWidth={1.4} aria-hidden />
      <h2>{complete ? `All ${study.list.length} items are rated. Thank you.` : 'This item is not in the study any more.'}</h2>
      {complete && waiting > 0 && (
        <p>
          <b className="figures">{waiting}</b> of your answers are still on this device only. Leave this page open until they are sent.
        </p>
      )}
      {complete && waiting === 0 && <p>{study.may_go_back ? 'You may still look at them and change an answer until the study is closed.' : 'Everything is saved.'}</p>}
      <Group justify="center">
        {complete && onBack && (
          <Button variant="default" onClick={onBack} data-testid="look-again">
            Look at the last one
          </Button>
        )}
        {!complete && <Button onClick={onRefresh}>Show what is left</Button>}
        <Button component={Link} href="/rating" variant="default">
          To my studies
        </Button>
      </Group>
    </div>
  );
}
