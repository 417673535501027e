import type { KeyboardEvent } from 'react';

const TURN = Math.PI / 18;

interface Turnable {
  orbit: (azimuth: number, elevation: number) => void;
  zoomBy: (factor: number) => void;
}

/** Turns and zooms a 3D view by the arrow keys, plus and minus, and does what a view adds; other keys pass on. */
export function turnByKeys(scene: Turnable | null, event: KeyboardEvent, more: Record<string, () => void> = {}): void {
  const acts: Record<string, () => void> = {
    ArrowLeft: () => scene?.orbit(-TURN, 0),
    ArrowRight: () => scene?.orbit(TURN, 0),
    ArrowUp: () => scene?.orbit(0, TURN),
    ArrowDown: () => scene?.orbit(0, -TURN),
    '+': () => scene?.zoomBy(1.2),
    '=': () => scene?.zoomBy(1.2),
    '-': () => scene?.zoomBy(1 / 1.2),
    ...more,
  };
  const act = acts[event.key];
  if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
  act();
  event.preventDefault();
}
