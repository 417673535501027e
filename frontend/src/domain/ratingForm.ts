/** What is asked of an item, and where its answers stand. */
import type { Act } from './acts';
import { press, STILL, type Stopwatch } from './stopwatch';

export interface ScalePoint {
  readonly value: number;
  readonly label: string;
  readonly description: string;
}

export interface Asked {
  readonly key: string;
  readonly kind: 'scale' | 'source_guess' | 'duration';
  readonly title: string;
  readonly text: string;
  readonly points: readonly ScalePoint[];
}

/** A rater's own answers, the stop-watch, and whether the item has been opened. */
export interface Standing {
  readonly opened: boolean;
  readonly answers: Readonly<Record<string, number>>;
  readonly watch: Stopwatch;
}

export const UNTOUCHED: Standing = { opened: false, answers: {}, watch: STILL };

/** The item after an act. */
export function after(standing: Standing, act: Act): Standing {
  switch (act.kind) {
    case 'open':
      return { ...standing, opened: true };
    case 'rate':
      return { ...standing, answers: { ...standing.answers, [act.question]: act.value } };
    case 'press':
      return { ...standing, watch: press(standing.watch, act.press, Date.parse(act.at)) };
  }
}

/** The questions that are answered with a point of a scale; a time is taken with the stop-watch. */
export function scales(questions: readonly Asked[]): Asked[] {
  return questions.filter((question) => question.kind !== 'duration');
}

export function isTimed(questions: readonly Asked[]): boolean {
  return questions.some((question) => question.kind === 'duration');
}

export function isComplete(questions: readonly Asked[], standing: Standing): boolean {
  if (isTimed(questions) && standing.watch.duration === null) return false;
  return scales(questions).every((question) => standing.answers[question.key] !== undefined);
}

/** The first question without an answer from `from` on, then from the top; null when all have one. */
export function nextOpen(
  questions: readonly Asked[],
  answers: Readonly<Record<string, number>>,
  from = 0,
): number | null {
  const order = questions.map((_, i) => (i + from) % questions.length);
  return order.find((i) => answers[questions[i]?.key ?? ''] === undefined) ?? null;
}

/** The point that a digit key stands for; scales with points beyond 0 to 9 have no keys. */
export function pointOfKey(question: Asked, key: string): ScalePoint | null {
  return question.points.find((point) => String(point.value) === key) ?? null;
}

/** The label of a point where the scale has words, its number where it has none. */
export function answerWords(question: Asked, value: number): string {
  const point = question.points.find((one) => one.value === value);
  if (!point) return String(value);
  return point.label === String(value) ? point.label : `${value} ${point.label}`;
}
