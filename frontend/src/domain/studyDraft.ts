/** What the wizard collects before there is a study. */
import type { NewCase, NewQuestion, NewStudy, StudyKind } from '../api/studies';

export const KINDS: Record<StudyKind, { name: string; text: string; versions: string }> = {
  model_rating: {
    name: 'Model rating',
    text: 'Experts see both X-rays and one version of the bones from six sides, and rate it 1 to 4 for shape, details and clinical significance.',
    versions: 'bone set',
  },
  hto_simulation: {
    name: 'HTO simulation',
    text: 'Surgeons try two printed guides a case without knowing which is which, and rate them 1 to 6 for fitting, stability and accuracy; the operation is timed.',
    versions: 'guide',
  },
};

/** A case that was chosen, with one of its versions for each source. */
export interface Choice {
  readonly ct: string;
  readonly xray: string;
  readonly training: boolean;
}

export interface Draft {
  readonly kind: StudyKind;
  readonly site: string | null;
  readonly title: string;
  readonly cases: Readonly<Record<string, Choice>>;
  readonly raters: readonly string[];
  /** As typed, by the key of the question. */
  readonly margins: Readonly<Record<string, string>>;
  readonly extra: readonly NewQuestion[];
  readonly askSource: boolean;
  readonly mayGoBack: boolean;
  readonly distance: number;
}

export const NEW_DRAFT: Draft = {
  kind: 'model_rating',
  site: null,
  title: '',
  cases: {},
  raters: [],
  margins: {},
  extra: [],
  askSource: true,
  mayGoBack: true,
  distance: 10,
};

export const STEPS = ['Kind', 'Cases', 'Raters', 'Questions', 'Rules'] as const;

interface Offered {
  readonly case: string;
  readonly ct: readonly string[];
  readonly xray: readonly string[];
}

/** A case with the first version of each source; null where one is missing. */
export function choiceOf({ ct, xray }: Offered, training = false): Choice | null {
  return ct[0] !== undefined && xray[0] !== undefined ? { ct: ct[0], xray: xray[0], training } : null;
}

/** How many items each rater will get: two versions a case. */
export function itemCount(cases: Draft['cases']): { rated: number; training: number } {
  const all = Object.values(cases);
  const training = all.filter((one) => one.training).length;
  return { rated: 2 * (all.length - training), training: 2 * training };
}

/** What is still missing at a step, in words; a draft may be made all the same and be completed later. */
export function problems(draft: Draft, step: (typeof STEPS)[number]): string[] {
  const rated = itemCount(draft.cases).rated / 2;
  switch (step) {
    case 'Kind':
      return draft.title.trim() === '' ? ['The study needs a title.'] : [];
    case 'Cases':
      return rated === 0 ? ['No case is chosen.'] : [];
    case 'Raters':
      return draft.raters.length === 0 ? ['No rater is chosen.'] : [];
    case 'Questions': {
      const wrong = Object.values(draft.margins).some((text) => text.trim() !== '' && margin(text) === null);
      if (wrong) return ['A margin is a number above zero.'];
      const none = Object.values(draft.margins).every((text) => text.trim() === '');
      return none ? ['No margin of equivalence is registered; it cannot be afterwards.'] : [];
    }
    case 'Rules':
      return rated > 0 && rated < draft.distance
        ? [`${rated} ${rated === 1 ? 'case' : 'cases'} cannot keep two versions ${draft.distance} items apart.`]
        : [];
  }
}

/** A margin as it was typed; null where it is no number above zero. */
export function margin(text: string): number | null {
  const value = Number(text.trim().replace(',', '.'));
  return text.trim() !== '' && Number.isFinite(value) && value > 0 ? value : null;
}

export function toCases(choices: Draft['cases']): NewCase[] {
  return Object.entries(choices).map(([id, { ct, xray, training }]) => ({ case: id, ct, xray, training }));
}

export function toStudy(draft: Draft): NewStudy {
  const margins = Object.entries(draft.margins).flatMap(([key, text]) => {
    const value = margin(text);
    return value === null ? [] : [[key, value] as const];
  });
  return {
    ...(draft.site === null ? {} : { site: draft.site }),
    title: draft.title.trim(),
    kind: draft.kind,
    distance: draft.distance,
    ask_source: draft.askSource,
    may_go_back: draft.mayGoBack,
    margins: Object.fromEntries(margins),
    questions: [...draft.extra],
    cases: toCases(draft.cases),
    raters: [...draft.raters],
  };
}

/** Another kind has other versions and other questions; what does not depend on it stays. */
export function withKind(draft: Draft, kind: StudyKind): Draft {
  return kind === draft.kind ? draft : { ...draft, kind, cases: {}, margins: {} };
}
