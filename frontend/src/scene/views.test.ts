import { Matrix4, Vector3 } from 'three';
import { describe, expect, it } from 'vitest';

import { viewDirection, VIEWS, type ViewName } from './views';

/** What lies to the right and on top of the screen, in patient coordinates. */
function screen(view: ViewName, side: 'L' | 'R'): { right: Vector3; up: Vector3 } {
  const camera = new Matrix4().lookAt(viewDirection(view, side), new Vector3(), new Vector3(0, 0, 1));
  const [right, up] = [new Vector3(), new Vector3()];
  camera.extractBasis(right, up, new Vector3());
  return { right, up };
}

describe('standard views', () => {
  it('shows the front as an AP film: the patient faces the reader, the left side on the right', () => {
    const { right, up } = screen('anterior', 'L');
    expect(right.x).toBeCloseTo(1);
    expect(up.z).toBeCloseTo(1);
  });

  it('knows that medial is towards the other leg', () => {
    expect(viewDirection('medial', 'L').x).toBe(-1);
    expect(viewDirection('medial', 'R').x).toBe(1);
    expect(viewDirection('lateral', 'R').x).toBe(-1);
  });

  it('keeps the front of the knee on top from above', () => {
    expect(screen('superior', 'L').up.y).toBeCloseTo(-1, 5);
  });

  it.each(VIEWS)('%s is a unit direction', (view) => {
    expect(viewDirection(view, 'L').length()).toBeCloseTo(1, 12);
  });
});
