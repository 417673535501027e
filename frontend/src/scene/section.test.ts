import { BoxGeometry, SphereGeometry, Vector3 } from 'three';
import { describe, expect, it } from 'vitest';

import { farthest, sectionSegments } from './section';

const up = new Vector3(0, 0, 1);

function length(segments: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < segments.length; i += 6) {
    sum += new Vector3().fromArray(segments, i).distanceTo(new Vector3().fromArray(segments, i + 3));
  }
  return sum;
}

describe('cutting a mesh with a plane', () => {
  it('finds the outline of a box', () => {
    const segments = sectionSegments(new BoxGeometry(40, 20, 60), new Vector3(0, 0, 5), up);
    expect(length(segments)).toBeCloseTo(2 * (40 + 20), 4);
  });

  it('finds the circle of a sphere', () => {
    const height = 0.3 * 25;
    const segments = sectionSegments(new SphereGeometry(25, 96, 96), new Vector3(0, 0, height), up);
    const radius = Math.sqrt(25 ** 2 - height ** 2);
    expect(length(segments) / (2 * Math.PI * radius)).toBeCloseTo(1, 2);
    expect(farthest(segments, new Vector3(-1, 0, 0))?.x).toBeCloseTo(-radius, 1);
  });

  it('finds nothing beside the mesh', () => {
    const segments = sectionSegments(new BoxGeometry(1, 1, 1), new Vector3(0, 0, 9), up);
    expect(segments).toHaveLength(0);
    expect(farthest(segments, up)).toBeNull();
  });

  it('keeps only the side that is asked for', () => {
    const whole = sectionSegments(new BoxGeometry(40, 20, 60, 40), new Vector3(0, 0, 5), up);
    const half = sectionSegments(new BoxGeometry(40, 20, 60, 40), new Vector3(0, 0, 5), up, (p) => p.x < 0);
    expect(length(half)).toBeCloseTo(length(whole) / 2, 3);
  });
});
