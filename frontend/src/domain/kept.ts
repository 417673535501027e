/**
 * What a device keeps of a study of printed guides, so that its page can be reloaded without a network: who rates, the
 * questions, their own list of labels, and where their own answers stand. Nothing in it tells what a guide is made from.
 */
import { type Shelf, STANDING } from './outbox';

/** Longer than a day in the laboratory nothing is kept; acts that wait are, until they are sent. */
const LIFE_MS = 12 * 3600 * 1000;
const PREFIX = 'knee-kept-';

export interface KeptStudy<Person, Study> {
  readonly person: Person;
  readonly study: Study;
  /** When the server last told it, ms since 1970. */
  readonly at: number;
}

interface Named {
  readonly id: string;
}

export function keepStudy(shelf: Shelf, person: Named, study: Named, now: number): void {
  shelf.set(`${PREFIX}${study.id}`, JSON.stringify({ person, study, at: now }));
}

export function forgetStudy(shelf: Shelf, id: string): void {
  shelf.remove(`${PREFIX}${id}`);
}

/** Everything kept that is not too old, the newest first. */
export function keptStudies<Person, Study>(shelf: Shelf, now: number): KeptStudy<Person, Study>[] {
  const kept = shelf
    .keys()
    .filter((key) => key.startsWith(PREFIX))
    .map((key) => JSON.parse(shelf.get(key) ?? 'null') as KeptStudy<Person, Study> | null)
    .filter((one) => one !== null)
    .filter(({ at }) => at <= now && now - at < LIFE_MS);
  return kept.sort((one, other) => other.at - one.at);
}

/** Nothing of anybody else stays on a device that several people rate on; of nobody, when they leave. */
export function forgetAllBut(shelf: Shelf, person: string | null, now: number): void {
  const mine = keptStudies<Named, Named>(shelf, now).filter((kept) => kept.person.id === person);
  const studies = new Set(mine.map((kept) => `${PREFIX}${kept.study.id}`));
  const standing = mine.length > 0 ? `${STANDING}${person}-` : null;
  for (const key of shelf.keys()) {
    const stays = key.startsWith(PREFIX) ? studies.has(key) : standing !== null && key.startsWith(standing);
    if ((key.startsWith(PREFIX) || key.startsWith(STANDING)) && !stays) shelf.remove(key);
  }
}
