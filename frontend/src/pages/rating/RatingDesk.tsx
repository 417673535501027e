import { type ReactNode, useState } from 'react';

import type { MyStudyDetail } from '../../api/rating';
import { useKeys } from '../../components/useKeys';
import { type Outbox, type OutboxState, standingOf } from '../../domain/outbox';
import { type Asked, isComplete, isTimed, UNTOUCHED } from '../../domain/ratingForm';
import { AllDone } from './AllDone';
import { GuideItem } from './GuideItem';
import { ModelItem } from './ModelItem';
import { QuestionPanel } from './QuestionPanel';
import classes from './Rating.module.css';
import { RatingHeader } from './RatingHeader';
import { Refusals } from './SaveState';

interface Props {
  study: MyStudyDetail;
  box: Outbox;
  state: OutboxState;
  /** The page itself is on the device. */
  lasting: boolean;
  onRefresh: () => void;
}

/** One item after the other, from the first that is not complete. */
export function RatingDesk({ study, box, state, lasting, onRefresh }: Props): ReactNode {
  const questions: readonly Asked[] = study.questions;
  const standing = (token: string) => standingOf(state, token);
  const done = study.list.map((item) => {
    const known = standing(item.token);
    return known && (item.opened ? state.bases.has(item.token) : true) ? isComplete(questions, known) : item.completed;
  });
  const firstOpen = done.indexOf(false);
  const [token, setToken] = useState(study.list[firstOpen]?.token ?? null);
  const at = study.list.findIndex((item) => item.token === token);
  const item = study.list[at];
  const timed = isTimed(questions);

  const known = item ? standing(item.token) : null;
  const now = known ?? UNTOUCHED;
  // Until the server has said what it has of an item that was begun before.
  const unknown = item !== undefined && item.opened && !state.bases.has(item.token);
  const complete = item !== undefined && !unknown && isComplete(questions, now);
  const final = complete && !study.may_go_back;
  const resting = !timed && now.watch.last === 'paused';
  const mayRest = item !== undefined && !timed && known?.opened === true && !final;
  const rest = (): void => {
    if (item && mayRest) box.add(item.token, { kind: 'press', press: resting ? 'resumed' : 'paused', note: '' });
  };
  useKeys(timed ? {} : { p: (held) => !held && rest() });

  const before = study.may_go_back ? study.list[(at < 0 ? study.list.length : at) - 1] : undefined;
  const goBack = before ? () => setToken(before.token) : null;
  const goOn = (): void => setToken(study.list[at + 1]?.token ?? study.list[firstOpen]?.token ?? null);

  const header = (
    <RatingHeader
      study={study}
      item={item}
      at={at}
      done={done.filter(Boolean).length}
      box={box}
      state={state}
      rest={mayRest ? rest : null}
      resting={resting}
      onJump={firstOpen >= 0 && at >= 0 && firstOpen > at + 1 ? () => setToken(study.list[firstOpen]?.token ?? null) : null}
      jumpTo={firstOpen + 1}
    />
  );
  if (!item) {
    return (
      <div className={classes.page}>
        {header}
        <Refusals box={box} state={state} />
        <AllDone study={study} waiting={state.pending.length} complete={firstOpen < 0} onBack={goBack} onRefresh={onRefresh} />
      </div>
    );
  }

  const panel = (shown: boolean): ReactNode => (
    <QuestionPanel
      key={item.token}
      questions={questions}
      standing={now}
      complete={complete}
      final={final}
      resting={resting || unknown}
      waiting={!shown}
      onAnswer={(question, value) => {
        if (now.answers[question.key] !== value) box.add(item.token, { kind: 'rate', question: question.key, value });
      }}
      onNext={goOn}
      onBack={goBack}
    />
  );
  return (
    <div className={classes.page} data-testid="rating" data-item={item.code}>
      {header}
      <Refusals box={box} state={state} />
      {study.kind === 'model_rating' ? (
        <ModelItem key={item.token} box={box} token={item.token} resting={resting} onResume={rest} onRefresh={onRefresh}>
          {panel}
        </ModelItem>
      ) : (
        <GuideItem key={item.token} box={box} item={item} questions={questions} standing={now} unknown={unknown} final={final} lasting={lasting}>
          {panel(true)}
        </GuideItem>
      )}
    </div>
  );
}
