import { BoxGeometry, type BufferGeometry, SphereGeometry, Vector3 } from 'three';
import { describe, expect, it } from 'vitest';

import { cutSolid, geometryOf, type Solid, solidOf, volumeOf } from './solid';

const up = new Vector3(0, 0, 1);

/** Edges that only one triangle has, by place: none where the surface is closed. */
function openEdges(solid: Solid): number {
  const place = (i: number): string =>
    [0, 1, 2].map((k) => Math.round((solid.positions[3 * i + k] as number) * 1e3)).join();
  const edges = new Map<string, number>();
  for (let t = 0; t < solid.triangles.length; t += 3) {
    const corners = [0, 1, 2].map((k) => place(solid.triangles[t + k] as number));
    for (let k = 0; k < 3; k++) {
      const [a, b] = [corners[k] as string, corners[(k + 1) % 3] as string];
      if (a === b) continue;
      const [key, way] = a < b ? [`${a}|${b}`, 1] : [`${b}|${a}`, -1];
      edges.set(key, (edges.get(key) ?? 0) + way);
    }
  }
  return [...edges.values()].filter((sum) => sum !== 0).length;
}

const solids: [string, BufferGeometry][] = [
  ['a box', new BoxGeometry(40, 20, 60)],
  ['a ball', new SphereGeometry(25, 48, 32)],
];

describe.each(solids)('cutting %s', (_name, geometry) => {
  const whole = solidOf(geometry);
  const point = new Vector3(1, 2, 3);
  const normal = new Vector3(0.3, -0.2, 1).normalize();

  it('loses no volume and leaves both parts closed', () => {
    const above = cutSolid(whole, point, normal);
    const below = cutSolid(whole, point, normal.clone().negate());
    expect(volumeOf(above) + volumeOf(below)).toBeCloseTo(volumeOf(whole), 1);
    for (const part of [above, below]) {
      expect(volumeOf(part)).toBeGreaterThan(0);
      expect(openEdges(part)).toBe(0);
    }
  });

  it('can be cut again', () => {
    const above = cutSolid(whole, point, normal);
    const front = cutSolid(above, point, new Vector3(0, -1, 0.1));
    const back = cutSolid(above, point, new Vector3(0, 1, -0.1));
    expect(volumeOf(front) + volumeOf(back)).toBeCloseTo(volumeOf(above), 1);
    expect(openEdges(front)).toBe(0);
  });
});

describe('the cut face', () => {
  it('is flat, has the area of the section, and faces away from what is kept', () => {
    const part = cutSolid(solidOf(new BoxGeometry(40, 20, 60)), new Vector3(0, 0, 5), up);
    let area = 0;
    const corner = (i: number): Vector3 => new Vector3().fromArray(part.positions, 3 * (part.triangles[i] as number));
    for (let t = 0; t < part.cap.length; t++) {
      if (!part.cap[t]) continue;
      const [a, b, c] = [corner(3 * t), corner(3 * t + 1), corner(3 * t + 2)];
      const twice = b.sub(a).cross(c.sub(a));
      area -= twice.dot(up) / 2;
      expect(a.z).toBeCloseTo(5, 5);
    }
    expect(area).toBeCloseTo(40 * 20, 3);
  });

  it('is drawn apart from the surface', () => {
    const geometry = geometryOf(cutSolid(solidOf(new BoxGeometry(40, 20, 60)), new Vector3(0, 0, 5), up));
    const [surface, cut] = geometry.groups;
    expect(surface?.count).toBeGreaterThan(0);
    // An outline of eight points, because each side of the box has a diagonal.
    expect(cut?.count).toBe(6 * 3);
    expect(geometry.getIndex()?.count).toBe((surface?.count ?? 0) + (cut?.count ?? 0));
  });

  it('is none where the plane misses the solid', () => {
    const box = solidOf(new BoxGeometry(40, 20, 60));
    expect(volumeOf(cutSolid(box, new Vector3(0, 0, -50), up))).toBeCloseTo(volumeOf(box), 3);
    expect(cutSolid(box, new Vector3(0, 0, 50), up).triangles).toHaveLength(0);
  });
});
