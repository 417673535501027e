/**
 * Gaps between guide and bone as colour: what presses into the bone is orange, contact is pale, what stays off is
 * blue. The two ends lie on the blue-yellow axis, which red-green colour-blind eyes see as well.
 */
const STOPS: readonly (readonly [number, string])[] = [
  [-1, '#c2600f'],
  [-0.5, '#e8a860'],
  [0, '#f4f0e6'],
  [0.5, '#9cc3df'],
  [1.5, '#2c5ea8'],
];

/** A point touches when its gap is what was planned to within this, mm; the engine's own figure. */
export const TOLERANCE_MM = 0.5;

export const SCALE_MM = [STOPS[0]?.[0] ?? -1, STOPS.at(-1)?.[0] ?? 1] as const;

type Triple = [number, number, number];

const COLOURS: readonly (readonly [number, Triple])[] = STOPS.map(([at, hex]) => [
  at,
  [1, 3, 5].map((offset) => Number.parseInt(hex.slice(offset, offset + 2), 16)) as Triple,
]);

/** Red, green, blue (0 to 255) of a gap that differs by `error` mm from what was planned. */
export function gapColour(error: number): Triple {
  let [low] = COLOURS as [readonly [number, Triple]];
  if (!(error > low[0])) return [...low[1]];
  for (const high of COLOURS.slice(1)) {
    if (error <= high[0]) {
      const share = (error - low[0]) / (high[0] - low[0]);
      return low[1].map((from, i) => from + share * ((high[1][i] as number) - from)) as Triple;
    }
    low = high;
  }
  return [...low[1]];
}

/** The scale as a background, its stops where they lie in millimetres. */
export function gapGradient(): string {
  const [from, to] = SCALE_MM;
  const stops = STOPS.map(([at, hex]) => `${hex} ${Math.round((100 * (at - from)) / (to - from))}%`);
  return `linear-gradient(to right, ${stops.join(', ')})`;
}
