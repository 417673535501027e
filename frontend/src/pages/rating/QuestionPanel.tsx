import { Button } from '@mantine/core';
import { ArrowLeft, ArrowRight } from 'lucide-react';
import { type ReactNode, useEffect, useRef, useState } from 'react';

import { useKeys } from '../../components/useKeys';
import { type Asked, nextOpen, pointOfKey, scales, type Standing } from '../../domain/ratingForm';
import { Questions } from './Questions';
import classes from './Rating.module.css';

interface Props {
  questions: readonly Asked[];
  standing: Standing;
  complete: boolean;
  /** A finished item of a study that lets nobody change one. */
  final: boolean;
  /** Nothing is taken now: the rater has a break. */
  resting: boolean;
  /** What the questions are about has not come yet. */
  waiting: boolean;
  onAnswer: (question: Asked, value: number) => void;
  onNext: () => void;
  onBack: (() => void) | null;
}

const DIGITS = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

/** The questions of an item and the way on; a digit answers the open question and opens the next one. */
export function QuestionPanel({ questions, standing, complete, final, resting, waiting, onAnswer, onNext, onBack }: Props): ReactNode {
  const asked = scales(questions);
  const [chosen, setChosen] = useState<number | null>(null);
  const [from, setFrom] = useState(0);
  const next = useRef<HTMLButtonElement>(null);
  const active = chosen ?? nextOpen(asked, standing.answers, from) ?? Math.max(0, from - 1);
  const disabled = final || resting || waiting;

  const answer = (question: Asked, value: number): void => {
    if (disabled) return;
    setFrom(asked.indexOf(question) + 1);
    setChosen(null);
    onAnswer(question, value);
  };
  const move = (by: number): void => setChosen(Math.min(asked.length - 1, Math.max(0, active + by)));

  useKeys({
    ...Object.fromEntries(
      DIGITS.map((digit) => [
        digit,
        (held: boolean) => {
          // A key that is held down answers once, not the questions after it as well.
          if (held) return;
          const question = asked[active];
          const point = question && pointOfKey(question, digit);
          if (question && point) answer(question, point.value);
        },
      ]),
    ),
    arrowup: () => move(-1),
    arrowdown: () => move(1),
    n: (held) => !held && complete && !resting && onNext(),
    b: (held) => !held && !resting && onBack?.(),
  });

  // The way on lies under the Enter key as soon as there is nothing left to answer.
  useEffect(() => {
    if (complete && !resting) next.current?.focus({ preventScroll: true });
  }, [complete, resting]);

  return (
    <aside className={classes.panel} aria-label="Questions" data-testid="questions" data-waiting={waiting || undefined}>
      <Questions
        questions={asked}
        answers={standing.answers}
        active={active}
        disabled={disabled}
        onActive={setChosen}
        onAnswer={answer}
      />
      <footer className={classes.way}>
        <p className={classes.hint} data-testid="hint">
          {waiting && !complete ? 'Waiting for X-rays and bones: nothing is rated unseen.' : hint(asked, standing, complete, final)}
        </p>
        <div className={classes.wayButtons}>
          <Button
            variant="default"
            leftSection={<ArrowLeft size={16} />}
            disabled={onBack === null || resting}
            onClick={() => onBack?.()}
            data-testid="back"
          >
            Back
          </Button>
          <Button
            ref={next}
            flex={1}
            rightSection={<ArrowRight size={16} />}
            disabled={!complete || resting}
            onClick={onNext}
            data-testid="next"
          >
            Next item
          </Button>
        </div>
      </footer>
    </aside>
  );
}

function hint(asked: readonly Asked[], standing: Standing, complete: boolean, final: boolean): string {
  if (final) return 'Finished. This study lets nobody change a finished item.';
  if (complete) return 'All answered. Enter or N goes on.';
  const open = asked.filter((question) => standing.answers[question.key] === undefined).length;
  if (open === 0) return 'The time is still to be taken.';
  return `${open} of ${asked.length} to answer. Keys: digits answer, ↑ ↓ change the question.`;
}
