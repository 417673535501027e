import { SphereGeometry } from 'three';
import { mergeVertices } from 'three/examples/jsm/utils/BufferGeometryUtils.js';
import { describe, expect, it } from 'vitest';

import { alongCurve } from './order';

const ball = mergeVertices(new SphereGeometry(50, 60, 40));
const positions = ball.getAttribute('position').array;
// Far from any order: every 1,009th triangle in turn.
const all = Array.from(ball.getIndex()?.array ?? []);
const count = all.length / 3;
const mixed = Uint32Array.from(Array.from({ length: count }, (_, t) => (t * 1009) % count).flatMap((t) => all.slice(3 * t, 3 * t + 3)));

const triangles = (list: Uint32Array): string[] =>
  Array.from({ length: list.length / 3 }, (_, t) => list.slice(3 * t, 3 * t + 3).join()).toSorted();

/** Corners a triangle that are none of the last 64 which were worked out. */
function misses(list: Uint32Array): number {
  const known: number[] = [];
  let missed = 0;
  for (const corner of list) {
    if (known.includes(corner)) continue;
    missed++;
    known.push(corner);
    if (known.length > 64) known.shift();
  }
  return missed / (list.length / 3);
}

describe('triangles along a curve', () => {
  it('are the same triangles, each as it was turned', () => {
    expect(triangles(alongCurve(positions, mixed))).toEqual(triangles(mixed));
  });

  it('have neighbours beside one another', () => {
    expect(misses(mixed)).toBeGreaterThan(2);
    expect(misses(alongCurve(positions, mixed))).toBeLessThan(0.9);
  });

  it('may be none, and may lie in one place', () => {
    expect(alongCurve([], new Uint32Array())).toEqual(new Uint32Array());
    expect(alongCurve([1, 1, 1], Uint32Array.of(0, 0, 0))).toEqual(Uint32Array.of(0, 0, 0));
  });
});
