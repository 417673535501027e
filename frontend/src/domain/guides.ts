/** What a guide is made with and how it was judged, as the engineer's pages show it. */
import type { components } from '../api/schema';

type Schemas = components['schemas'];
export type Guide = Schemas['Guide'];
export type GuideState = Schemas['GuideState'];
export type GuideParameter = Schemas['GuideParameter'];
export type GuidePreset = Schemas['GuidePreset'];
export type PresetGroup = Schemas['PresetGroup'];
export type Check = Schemas['Check'];
export type Scores = Schemas['Scores'];
export type QueuedPlan = Schemas['QueuedPlan'];
export type QueuedGuide = Schemas['QueuedGuide'];

/** The order in which an engineer chooses. */
export const PRESET_GROUPS: readonly PresetGroup[] = ['saw_blade', 'wire', 'printer', 'material', 'sterilisation', 'plate'];

export const GROUP_LABELS: Record<PresetGroup, string> = {
  saw_blade: 'Saw blade',
  wire: 'K-wire',
  printer: 'Printer',
  material: 'Material',
  sterilisation: 'Sterilisation',
  plate: 'Plate',
};

/** One preset a group, by id. */
export type ChosenPresets = Partial<Record<PresetGroup, string | null>>;

/** A parameter that is on or off, written as 1 or 0. */
export function isSwitch(parameter: Pick<GuideParameter, 'unit'>): boolean {
  return parameter.unit === 'on/off';
}

/** The ids that are sent, in the order in which one goes over another. */
export function presetIds(chosen: ChosenPresets): string[] {
  return PRESET_GROUPS.flatMap((group) => chosen[group] ?? []);
}

/** What is used where nothing was changed by hand: defaults, and the chosen presets over them. */
export function baseValues(
  parameters: readonly GuideParameter[],
  presets: readonly GuidePreset[],
  chosen: ChosenPresets,
): Record<string, number> {
  const values = Object.fromEntries(parameters.map((parameter) => [parameter.name, parameter.default]));
  for (const id of presetIds(chosen)) Object.assign(values, presets.find((preset) => preset.id === id)?.parameters);
  return values;
}

/** The changes that still differ from what would be used without them. */
export function realChanges(changes: Readonly<Record<string, number>>, base: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(changes).filter(([name, value]) => base[name] !== value));
}

/** The presets that a design was made with, as far as they are still offered. */
export function presetsOf(guide: Pick<Guide, 'presets'>, offered: readonly GuidePreset[]): ChosenPresets {
  const known = new Set(offered.map((preset) => preset.id));
  return Object.fromEntries(guide.presets.filter(({ id }) => known.has(id)).map(({ group, id }) => [group, id]));
}

/** Why material and sterilisation do not go together, or null. */
export function sterilisationConflict(presets: readonly GuidePreset[], chosen: ChosenPresets): string | null {
  const find = (id: string | null | undefined): GuidePreset | undefined => presets.find((preset) => preset.id === id);
  const [material, cycle] = [find(chosen.material), find(chosen.sterilisation)];
  if (!material || !cycle || material.withstands?.includes(cycle.id)) return null;
  return `${material.label} is not known to withstand ${cycle.label.charAt(0).toLowerCase()}${cycle.label.slice(1)}.`;
}

export const STATE_LABELS: Record<GuideState, string> = {
  to_sign: 'To sign off',
  blocked: 'Blocked',
  signed: 'Signed off',
  void: 'Void',
};

/** Whose turn it is comes first; what is over comes last. */
const STATE_ORDER: readonly GuideState[] = ['to_sign', 'blocked', 'signed', 'void'];

export function byState<T extends { state: GuideState }>(designs: readonly T[]): { state: GuideState; designs: T[] }[] {
  return STATE_ORDER.map((state) => ({ state, designs: designs.filter((design) => design.state === state) })).filter(
    (group) => group.designs.length > 0,
  );
}

/** What an engineer sees of an approved plan that has no guide. */
export function waitingWords(row: QueuedPlan): string {
  if (row.job?.state === 'failed') return 'The last design stopped';
  if (row.designs === 0) return 'No design yet';
  return row.designs === 1 ? 'One design, blocked' : `${row.designs} designs, all blocked`;
}

export interface Dial {
  name: 'fitting' | 'stability' | 'accuracy';
  label: string;
  score: number;
  reason: string;
}

export function dials(scores: Scores): Dial[] {
  return [
    { name: 'fitting', label: 'Fitting', score: scores.fitting.score, reason: scores.fitting.reason },
    { name: 'stability', label: 'Stability', score: scores.stability.score, reason: scores.stability.reason },
    { name: 'accuracy', label: 'Accuracy', score: scores.accuracy.score, reason: scores.accuracy.reason },
  ];
}

/** The paper's scale runs from 1 to 6; up to 3 somebody has to look before it is printed. */
export function worthALook(score: number): boolean {
  return score <= 3;
}

/** The design with the scores and gaps that it has on a bone set: its own, or one on which it was tried. */
export function judgedOn(guide: Guide, boneSet: string | null): Guide {
  const trial = guide.trials.find((one) => one.bone_set === boneSet);
  return trial ? { ...guide, scores: trial.scores, files: { ...guide.files, contact: trial.contact } } : guide;
}

export interface CheckCount {
  blocks: number;
  warns: number;
  passes: number;
}

export function countChecks(checks: readonly Check[]): CheckCount {
  const count = (status: Check['status']): number => checks.filter((check) => check.status === status).length;
  return { blocks: count('block'), warns: count('warn'), passes: count('pass') };
}

/** "2 block, 1 to look at, 30 passed". */
export function checkWords({ blocks, warns, passes }: CheckCount): string {
  return [blocks && `${blocks} block`, warns && `${warns} to look at`, `${passes} passed`].filter(Boolean).join(', ');
}

/** Which of two designs has the better figure: less of what is lost or wrong, more of everything else. */
export function betterOf(label: string, first: number | null, second: number | null): 'first' | 'second' | null {
  if (first === null || second === null || first === second) return null;
  const less = /error|lost/i.test(label);
  return first < second === less ? 'first' : 'second';
}

/** Why a design counts no more although nobody withdrew its plan; nothing where its plan is the one that counts. */
export function supersededWords(guide: Pick<Guide, 'superseded_by'>): string | null {
  return guide.superseded_by === null ? null : `Its plan was superseded by revision ${guide.superseded_by}.`;
}

/** Where a file of a design is had; who takes one of a superseded plan says that they know. */
export function takenFrom(address: string, guide: Pick<Guide, 'superseded_by'>): string {
  return guide.superseded_by === null ? address : `${address}?superseded_by=${guide.superseded_by}`;
}
