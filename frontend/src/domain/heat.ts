/**
 * Distance as colour: from deep blue (no distance) to pale yellow. Lightness only rises, and it runs along the
 * blue-yellow axis, so that it reads the same for red-green colour-blind eyes.
 */
export const HEAT = ['#3f6fb5', '#4a97b8', '#79b99a', '#c3d07a', '#fbe78a'] as const;

/** Where only one of the sources saw the bone. */
export const UNSEEN = '#6b7178';

type Triple = readonly [number, number, number];

function channels(hex: string): Triple {
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as unknown as Triple;
}

const STOPS: readonly Triple[] = HEAT.map(channels);
const GREY = channels(UNSEEN);

/** Red, green, blue (0 to 255) of a distance on a scale that ends at `end`, both in mm. */
export function heat(distance: number, end: number): Triple {
  if (Number.isNaN(distance)) return GREY;
  const place = Math.min(1, Math.max(0, distance / end)) * (STOPS.length - 1);
  const index = Math.min(STOPS.length - 2, Math.floor(place));
  const [low, high] = [STOPS[index] ?? GREY, STOPS[index + 1] ?? GREY];
  const part = place - index;
  return [0, 1, 2].map((i) => (low[i as 0] ?? 0) * (1 - part) + (high[i as 0] ?? 0) * part) as unknown as Triple;
}

export function heatGradient(): string {
  return `linear-gradient(to right, ${HEAT.join(', ')})`;
}

/** How strongly each of two sets is drawn when the slider between them stands at `blend` (0: first, 1: second). */
export function opacities(blend: number): { first: number; second: number } {
  const at = Math.min(1, Math.max(0, blend));
  return { first: Math.min(1, 2 * (1 - at)), second: Math.min(1, 2 * at) };
}
