/** Window and level of a 16-bit X-ray, in stored display units. */
export interface Window {
  readonly center: number;
  readonly width: number;
}

const LARGEST = 65535;
const MINIMUM_WIDTH = 16;

export function limit(window: Window): Window {
  return {
    center: Math.min(LARGEST, Math.max(0, window.center)),
    width: Math.min(2 * LARGEST, Math.max(MINIMUM_WIDTH, window.width)),
  };
}

/**
 * What a drag of (dx, dy) screen pixels from `start` makes of the window: right widens it, left narrows it,
 * up brightens, down darkens. Both are relative to the present width, so a drag feels the same on every image.
 */
export function drag(start: Window, dx: number, dy: number): Window {
  return limit({
    width: start.width * 2 ** (dx / 180),
    center: start.center + (dy / 360) * start.width,
  });
}

/** Grey between 0 and 1 that the shader shows for a stored value; the same formula as in `scene/xray.ts`. */
export function grey(value: number, window: Window): number {
  return Math.min(1, Math.max(0, (value - window.center) / window.width + 0.5));
}

export function sameWindow(a: Window, b: Window): boolean {
  return Math.round(a.center) === Math.round(b.center) && Math.round(a.width) === Math.round(b.width);
}
