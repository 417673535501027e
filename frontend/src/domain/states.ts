/** The states of a case: their words, and whose turn it is. */
export const STATES = [
  'reconstruction_failed',
  'to_plan',
  'to_approve',
  'to_design',
  'ready_to_reconstruct',
  'waiting_for_images',
  'reconstructing',
  'designing',
  'guide_ready',
] as const;
export type CaseState = (typeof STATES)[number];

/** `turn`: a person must act; `busy`: the computer works; `stop`: something failed; `done`: nothing is left to do. */
export type Tone = 'turn' | 'busy' | 'stop' | 'done';

interface StateWords {
  readonly label: string;
  readonly tone: Tone;
}

export const STATE_WORDS: Record<CaseState, StateWords> = {
  waiting_for_images: { label: 'Waiting for images', tone: 'turn' },
  ready_to_reconstruct: { label: 'Ready to reconstruct', tone: 'turn' },
  reconstructing: { label: 'Reconstructing', tone: 'busy' },
  reconstruction_failed: { label: 'Reconstruction failed', tone: 'stop' },
  to_plan: { label: 'To plan', tone: 'turn' },
  to_approve: { label: 'To approve', tone: 'turn' },
  to_design: { label: 'To design', tone: 'turn' },
  designing: { label: 'Designing', tone: 'busy' },
  guide_ready: { label: 'Guide ready', tone: 'done' },
};

/** Unknown states (a newer server) are shown by their own name rather than hidden. */
export function words(state: string): StateWords {
  return STATE_WORDS[state as CaseState] ?? { label: state.replaceAll('_', ' '), tone: 'turn' };
}

export interface Group<T> {
  readonly state: string;
  readonly cases: readonly T[];
}

/** What an engineer works on comes before what still lies with a surgeon. */
export const ENGINEERS_QUEUE: readonly CaseState[] = ['to_design', 'designing', 'guide_ready'];

/** Group by state, those in `first` first, then in working order; urgent first inside a group, otherwise as given. */
export function grouped<T extends { state: string; urgent: boolean }>(
  cases: readonly T[],
  first: readonly string[] = [],
): Group<T>[] {
  const all: readonly string[] = [...first, ...STATES];
  const order = (state: string): number => {
    const index = all.indexOf(state);
    return index < 0 ? all.length : index;
  };
  const states = [...new Set(cases.map((item) => item.state))].sort((a, b) => order(a) - order(b));
  return states.map((state) => {
    const members = cases.filter((item) => item.state === state);
    return { state, cases: [...members.filter((m) => m.urgent), ...members.filter((m) => !m.urgent)] };
  });
}

/** A stage name of an engine as words: "read_images" -> "Read images". */
export function stageWords(stage: string): string {
  const text = stage.replaceAll(/[_-]+/g, ' ').trim();
  return text === '' ? 'Starting' : text.charAt(0).toUpperCase() + text.slice(1);
}
