/** A question of the coordinator's own, from what was typed. */
import type { NewQuestion } from '../api/studies';

export interface Typed {
  readonly title: string;
  readonly text: string;
  /** Value of the lowest point. */
  readonly first: number;
  /** One point a line, lowest first. */
  readonly lines: string;
}

/** Digits are keys, so that a scale has at most ten points. */
const MOST = 10;

/** "Ease of use" -> "ease_of_use", with a number behind it where that is taken. */
export function keyFor(title: string, taken: readonly string[]): string {
  const plain = title.toLowerCase().normalize('NFKD').replaceAll(/[^a-z0-9]+/g, '_').replaceAll(/^_+|_+$/g, '').slice(0, 36) || 'question';
  let key = plain;
  for (let n = 2; taken.includes(key); n++) key = `${plain}_${n}`;
  return key;
}

/** The question, or what is missing in words. */
export function newQuestion({ title, text, first, lines }: Typed, taken: readonly string[]): NewQuestion | string {
  const words = lines.split('\n').map((line) => line.trim()).filter((line) => line !== '');
  if (title.trim() === '') return 'It needs a title.';
  if (text.trim() === '') return 'Say what raters are asked.';
  if (words.length < 2) return 'A scale has two points or more.';
  if (first + words.length > MOST) return 'Points go up to 9, so that each has a key.';
  const points = words.map((description, i) => ({ value: first + i, label: String(first + i), description: description.slice(0, 300) }));
  return { key: keyFor(title, taken), title: title.trim(), text: text.trim(), points };
}
