/** Colour arithmetic for the palette tests: what a colour-blind eye sees, and how far two colours are apart. */

type Triple = readonly [number, number, number];

export function hexToLinear(hex: string): Triple {
  const channel = (offset: number): number => {
    const value = Number.parseInt(hex.slice(offset, offset + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [channel(1), channel(3), channel(5)];
}

/**
 * Complete dichromacy in linear sRGB (Machado, Oliveira and Fernandes 2009, severity 1.0).
 */
const DICHROMACY = {
  protan: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  deutan: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
  tritan: [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039],
} as const;
export type Deficiency = keyof typeof DICHROMACY;

export function simulate(colour: Triple, deficiency: Deficiency): Triple {
  const m = DICHROMACY[deficiency];
  const row = (i: 0 | 3 | 6): number =>
    Math.min(1, Math.max(0, m[i] * colour[0] + m[(i + 1) as 1] * colour[1] + m[(i + 2) as 2] * colour[2]));
  return [row(0), row(3), row(6)];
}

/** CIE L*a*b* under D65. */
export function toLab([r, g, b]: Triple): Triple {
  const x = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047;
  const y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  const z = (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883;
  const f = (t: number): number => (t > 216 / 24389 ? Math.cbrt(t) : (24389 / 27) * (t / 116) + 16 / 116);
  return [116 * f(y) - 16, 500 * (f(x) - f(y)), 200 * (f(y) - f(z))];
}

/** CIE76 distance; about 2.3 is just noticeable, 20 is plainly another colour. */
export function distance(a: Triple, b: Triple): number {
  const [la, lb] = [toLab(a), toLab(b)];
  return Math.hypot(la[0] - lb[0], la[1] - lb[1], la[2] - lb[2]);
}

/** WCAG 2 contrast ratio of two colours. */
export function contrast(a: string, b: string): number {
  const luminance = (hex: string): number => {
    const [r, g, blue] = hexToLinear(hex);
    return 0.2126 * r + 0.7152 * g + 0.0722 * blue;
  };
  const [low, high] = [luminance(a), luminance(b)].sort((p, q) => p - q) as [number, number];
  return (high + 0.05) / (low + 0.05);
}
