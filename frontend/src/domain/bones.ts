/** The four bones, in the order of the engine, and how each is drawn. */
export const BONES = ['patella', 'femur', 'fibula', 'tibia'] as const;
export type BoneName = (typeof BONES)[number];

/** The order people read them in: from the thigh down. */
export const READING_ORDER: readonly BoneName[] = ['femur', 'patella', 'tibia', 'fibula'];

/**
 * Natural tones that differ in lightness and along the yellow-blue axis, so that they stay apart for
 * red-green colour-blind eyes (`bones.test.ts` simulates them).
 */
export const BONE_COLOURS: Record<BoneName, string> = {
  femur: '#c9964f',
  patella: '#8f5340',
  tibia: '#ece2cb',
  fibula: '#8ba6b8',
};

export const BONE_LABELS: Record<BoneName, string> = {
  femur: 'Femur',
  patella: 'Patella',
  tibia: 'Tibia',
  fibula: 'Fibula',
};

export function isBone(name: string): name is BoneName {
  return (BONES as readonly string[]).includes(name);
}
