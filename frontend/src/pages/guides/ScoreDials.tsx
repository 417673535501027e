import { Text } from '@mantine/core';
import { type ReactNode, useState } from 'react';

import { type Dial, dials, type Scores, worthALook } from '../../domain/guides';
import classes from './Guides.module.css';

/** Three scores 1 to 6; the reason of the chosen one, and of the weakest motion, stands below. */
export function ScoreDials({ scores }: { scores: Scores | null }): ReactNode {
  const [chosen, setChosen] = useState<Dial['name']>('accuracy');
  if (!scores) {
    return (
      <Text size="sm" c="dimmed" data-testid="no-scores">
        This design is older than the simulated surgeon and was not scored. Design it again to have it judged.
      </Text>
    );
  }
  const all = dials(scores);
  return (
    <div data-testid="scores">
      <div className={classes.dials}>
        {all.map((dial) => (
          <button
            key={dial.name}
            type="button"
            className={classes.dial}
            data-look={worthALook(dial.score) || undefined}
            aria-pressed={dial.name === chosen}
            aria-label={`${dial.label} ${dial.score} of 6: ${dial.reason}`}
            onClick={() => setChosen(dial.name)}
            data-testid={`dial-${dial.name}`}
            data-score={dial.score}
          >
            <Gauge score={dial.score} />
            {dial.label}
          </button>
        ))}
      </div>
      <p className={classes.reason} aria-live="polite" data-testid="reason">
        {all.find((dial) => dial.name === chosen)?.reason}.
        {chosen === 'stability' && scores.weakest && ` ${scores.weakest.reason}.`}
      </p>
      <Text size="xs" c="dimmed" mt={4}>
        Simulated, 1 to 6 by the bands of the paper; no person gave these scores.
      </Text>
    </div>
  );
}

const RADIUS = 30;
const GAP = 5;

function Gauge({ score }: { score: number }): ReactNode {
  const point = (degrees: number): string => {
    const angle = ((180 + degrees) * Math.PI) / 180;
    return `${(37 + RADIUS * Math.cos(angle)).toFixed(2)} ${(38 + RADIUS * Math.sin(angle)).toFixed(2)}`;
  };
  return (
    <svg viewBox="0 0 74 46" aria-hidden>
      {[0, 1, 2, 3, 4, 5].map((step) => (
        <path
          key={step}
          d={`M ${point(step * 30 + GAP / 2)} A ${RADIUS} ${RADIUS} 0 0 1 ${point(step * 30 + 30 - GAP / 2)}`}
          className={step < score ? classes.on : classes.off}
          strokeWidth={6}
          fill="none"
        />
      ))}
      <text x={37} y={40} textAnchor="middle">
        {score}
      </text>
    </svg>
  );
}
