/** The state of the planner as the API speaks it, and back. */
import type { components } from '../api/schema';
import type { PlanDocument } from './plan';
import { FRESH, type PlanState, TARGETS, type TargetField } from './planRequest';

/** The plan request of preview, save and alternatives; exactly one target is there. */
export type PlanRequest = components['schemas']['PlanRequest'];

/** The request for a state on the bones that the person sees; the server refuses where others were chosen meanwhile. */
export function toRequest(state: PlanState, boneSet: string | null): PlanRequest {
  return {
    [state.target]: state.value,
    kind: state.kind,
    tuberosity: state.tuberosity,
    slope_change_deg: state.slopeChange,
    jlca_compensation: state.jlcaCompensation,
    long_film_hka: state.longFilmHka,
    long_film_jlca: state.longFilmJlca,
    film_reading: state.filmReading,
    landmarks: { ...state.landmarks },
    ...(state.cut && { cut: { ...state.cut } }),
    ...(boneSet && { bone_set: boneSet }),
  };
}

/** The state that a request describes, for instance that of an alternative. */
export function fromRequest(request: Partial<PlanRequest>): PlanState {
  const target = TARGETS.find((field) => typeof request[field] === 'number') ?? FRESH.target;
  const { start_point: start, hinge_point: hinge } = request.cut ?? {};
  return {
    target,
    value: request[target] ?? FRESH.value,
    kind: request.kind ?? FRESH.kind,
    tuberosity: request.tuberosity ?? FRESH.tuberosity,
    slopeChange: request.slope_change_deg ?? 0,
    jlcaCompensation: request.jlca_compensation ?? false,
    longFilmHka: request.long_film_hka ?? null,
    longFilmJlca: request.long_film_jlca ?? null,
    filmReading: request.film_reading ?? null,
    landmarks: request.landmarks ?? {},
    cut: start && hinge ? { start_point: start, hinge_point: hinge } : null,
  };
}

const AIMED: Record<string, TargetField> = { WBL: 'target_wbl', HKA: 'target_hka', mMPTA: 'target_mpta' };

/** The state that a stored plan was made from; plans that are older than their request tell it by their document. */
export function fromPlan(plan: { request: Partial<PlanRequest>; document: PlanDocument }): PlanState {
  const asked = TARGETS.some((field) => typeof plan.request[field] === 'number');
  return asked ? fromRequest(plan.request) : fromDocument(plan.document);
}

/** As its document tells. */
export function fromDocument(document: PlanDocument): PlanState {
  const { technique, target, long_film: film } = document;
  const field = target ? AIMED[target.measure] : undefined;
  const edited = Object.entries(document.landmarks).filter(([, mark]) => mark.provenance === 'edited');
  return {
    target: field ?? 'correction_deg',
    value: field && target ? target.value : document.osteotomy.correction_deg,
    kind: technique?.kind ?? FRESH.kind,
    tuberosity: technique?.tuberosity ?? FRESH.tuberosity,
    slopeChange: technique?.slope_change_deg ?? 0,
    jlcaCompensation: technique?.jlca_compensation ?? false,
    longFilmHka: film?.HKA ?? null,
    longFilmJlca: film?.JLCA ?? null,
    filmReading: null,
    landmarks: Object.fromEntries(edited.map(([name, mark]) => [name, mark.position])),
    cut: null,
  };
}

/** A state kept as text over a reload; null where the text is none of ours. */
export function readDraft(text: string | null): PlanState | null {
  if (text === null) return null;
  try {
    const draft: unknown = JSON.parse(text);
    if (typeof draft !== 'object' || draft === null) return null;
    const { target, value } = draft as Partial<PlanState>;
    if (!TARGETS.includes(target as TargetField) || typeof value !== 'number') return null;
    return { ...FRESH, ...(draft as PlanState) };
  } catch {
    return null;
  }
}
