import { Check } from 'lucide-react';
import type { ReactNode } from 'react';

import { Scale } from '../../components/Scale';
import { answerWords, type Asked } from '../../domain/ratingForm';
import classes from './Rating.module.css';

interface Props {
  questions: readonly Asked[];
  answers: Readonly<Record<string, number>>;
  active: number;
  disabled: boolean;
  onActive: (index: number) => void;
  onAnswer: (question: Asked, value: number) => void;
}

/** A question that opens below the edge comes into sight. */
function reveal(element: HTMLLIElement | null): void {
  element?.scrollIntoView({ block: 'nearest' });
}

/** One question open with its scale, the others as a line each with their answer. */
export function Questions({ questions, answers, active, disabled, onActive, onAnswer }: Props): ReactNode {
  return (
    <ol className={classes.questions}>
      {questions.map((question, i) => {
        const value = answers[question.key];
        if (i !== active) {
          return (
            <li key={question.key}>
              <button type="button" className={classes.closed} onClick={() => onActive(i)} data-testid={`question-${question.key}`}>
                <span>{question.title}</span>
                {value === undefined ? (
                  <span className={classes.unanswered}>to answer</span>
                ) : (
                  <span className={classes.answered} data-testid={`answer-${question.key}`}>
                    <Check size={14} aria-hidden /> {answerWords(question, value)}
                  </span>
                )}
              </button>
            </li>
          );
        }
        return (
          <li key={question.key} ref={reveal} className={classes.open} aria-current="step" data-testid={`open-${question.key}`}>
            <h2>{question.title}</h2>
            <p>{question.text}</p>
            <Scale question={question} value={value} disabled={disabled} onChoose={(chosen) => onAnswer(question, chosen)} />
          </li>
        );
      })}
    </ol>
  );
}
