import { describe, expect, it } from 'vitest';

import { bonesGeometry } from './meshes';

const POINTS = [
  [0, 0, 0],
  [10, 0, 0],
  [0, 10, 0],
  [0, 0, 10],
] as const;
const FACES = [
  [0, 2, 1],
  [0, 1, 3],
  [0, 3, 2],
  [1, 2, 3],
] as const;

/** A tetrahedron as the server sends bones: binary PLY, with a value a vertex where there is one. */
function ply(values: readonly number[] | null): ArrayBuffer {
  const header = [
    'ply',
    'format binary_little_endian 1.0',
    `element vertex ${POINTS.length}`,
    'property float x',
    'property float y',
    'property float z',
    ...(values ? ['property float uncertainty_mm'] : []),
    `element face ${FACES.length}`,
    'property list uchar int vertex_indices',
    'end_header\n',
  ].join('\n');
  const floats = values ? 4 : 3;
  const data = new DataView(new ArrayBuffer(header.length + POINTS.length * floats * 4 + FACES.length * 13));
  let at = 0;
  for (const character of header) data.setUint8(at++, character.charCodeAt(0));
  POINTS.forEach((point, i) => {
    for (const value of [...point, ...(values ? [values[i] ?? 0] : [])]) {
      data.setFloat32(at, value, true);
      at += 4;
    }
  });
  for (const face of FACES) {
    data.setUint8(at++, 3);
    for (const corner of face) {
      data.setInt32(at, corner, true);
      at += 4;
    }
  }
  return data.buffer;
}

describe('a bone as it is sent', () => {
  it('keeps how uncertain each vertex is', () => {
    const geometry = bonesGeometry(ply([0.5, 1, 1.5, 2]));
    expect([...(geometry.userData.uncertainty as Float32Array)]).toEqual([0.5, 1, 1.5, 2]);
    // Corners of triangles find their vertex, and so its value.
    const corners = geometry.userData.corners as ArrayLike<number>;
    const position = geometry.getAttribute('position');
    expect(position.count).toBe(12);
    for (let corner = 0; corner < position.count; corner++) {
      expect([position.getX(corner), position.getY(corner), position.getZ(corner)]).toEqual([...(POINTS[corners[corner] ?? -1] ?? [])]);
    }
  });

  it('has none where the file does not say', () => {
    const geometry = bonesGeometry(ply(null));
    expect(geometry.userData.uncertainty).toBeNull();
    expect(geometry.getAttribute('position').count).toBe(12);
  });
});
