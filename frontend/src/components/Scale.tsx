import type { ReactNode } from 'react';

import type { Asked } from '../domain/ratingForm';
import classes from './Scale.module.css';

interface Props {
  question: Asked;
  value: number | undefined;
  disabled?: boolean;
  onChoose: (value: number) => void;
}

/** A question with every point of its scale in full words; each point is a button as large as a fingertip. */
export function Scale({ question, value, disabled, onChoose }: Props): ReactNode {
  return (
    <div className={classes.scale} role="radiogroup" aria-label={question.title} data-testid={`scale-${question.key}`}>
      {question.points.map((point) => (
        <button
          key={point.value}
          type="button"
          role="radio"
          aria-checked={value === point.value}
          className={classes.point}
          disabled={disabled}
          onClick={() => onChoose(point.value)}
          data-testid={`point-${question.key}-${point.value}`}
        >
          <kbd aria-hidden>{point.value}</kbd>
          <span>
            {point.label !== String(point.value) && <b>{point.label} </b>}
            <span className={classes.words}>{point.description}</span>
          </span>
        </button>
      ))}
    </div>
  );
}
