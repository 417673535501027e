import { type BufferGeometry, Vector3 } from 'three';

/**
 * Where a plane cuts a triangle mesh, as line segments: x, y, z of both ends, one segment after another,
 * in the mesh's millimetres. `keep` drops segments whose middle it refuses.
 */
export function sectionSegments(
  geometry: BufferGeometry,
  point: Vector3,
  normal: Vector3,
  keep: (middle: Vector3) => boolean = () => true,
): Float32Array {
  const positions = geometry.getAttribute('position');
  const index = geometry.getIndex();
  const corners = index ? index.count : positions.count;
  const heights = new Float32Array(positions.count);
  const vertex = new Vector3();
  const offset = normal.dot(point);
  for (let i = 0; i < positions.count; i++) {
    heights[i] = vertex.fromBufferAttribute(positions, i).dot(normal) - offset;
  }
  const segments: number[] = [];
  const ends: [Vector3, Vector3] = [new Vector3(), new Vector3()];
  const [a, b, middle] = [new Vector3(), new Vector3(), new Vector3()];
  for (let corner = 0; corner < corners; corner += 3) {
    let found = 0;
    for (let edge = 0; edge < 3 && found < 2; edge++) {
      const i = corner + edge;
      const j = corner + ((edge + 1) % 3);
      const [va, vb] = index ? [index.getX(i), index.getX(j)] : [i, j];
      const [ha, hb] = [heights[va] as number, heights[vb] as number];
      // A vertex on the plane counts as above it: every crossing triangle then has exactly two crossing edges.
      if (ha >= 0 === hb >= 0) continue;
      a.fromBufferAttribute(positions, va);
      b.fromBufferAttribute(positions, vb);
      (found === 0 ? ends[0] : ends[1]).lerpVectors(a, b, ha / (ha - hb));
      found++;
    }
    if (found < 2 || !keep(middle.addVectors(ends[0], ends[1]).multiplyScalar(0.5))) continue;
    segments.push(ends[0].x, ends[0].y, ends[0].z, ends[1].x, ends[1].y, ends[1].z);
  }
  return new Float32Array(segments);
}

/** The end point that lies farthest along `direction`, or null where there is no segment. */
export function farthest(segments: Float32Array, direction: Vector3): Vector3 | null {
  let best: Vector3 | null = null;
  let reach = -Infinity;
  const point = new Vector3();
  for (let i = 0; i < segments.length; i += 3) {
    const along = point.fromArray(segments, i).dot(direction);
    if (along > reach) {
      reach = along;
      best = (best ?? new Vector3()).copy(point);
    }
  }
  return best;
}
