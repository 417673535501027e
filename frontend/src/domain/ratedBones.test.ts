import { describe, expect, it } from 'vitest';

import { readRatedBones } from './ratedBones';

const BLOCK = 206_596;

function block(data: ArrayBuffer, at: number, triangles: number[][], vertices: number[][]): void {
  const view = new DataView(data, at * BLOCK, BLOCK);
  view.setUint32(0, triangles.length, true);
  vertices.flat().forEach((value, i) => view.setFloat32(4 + 4 * i, value, true));
  triangles.flat().forEach((value, i) => view.setUint16(4 + 9216 * 12 + 2 * i, value, true));
}

describe('the bones of an item', () => {
  it('reads what is there, without the filling', () => {
    const data = new ArrayBuffer(4 * BLOCK);
    block(data, 1, [[0, 1, 2]], [[1, 2, 3], [4, 5, 6], [7, 8, 9.5]]);
    block(data, 3, [[0, 1, 3], [3, 2, 1]], [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]);
    const bones = readRatedBones(data);
    expect([...bones.keys()]).toEqual(['femur', 'tibia']);
    expect([...(bones.get('femur')?.positions ?? [])]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9.5]);
    expect(bones.get('tibia')?.positions).toHaveLength(12);
    expect([...(bones.get('tibia')?.indices ?? [])]).toEqual([0, 1, 3, 3, 2, 1]);
  });

  it('says when it is cut short or broken', () => {
    expect(() => readRatedBones(new ArrayBuffer(4 * BLOCK - 2))).toThrow('incomplete');
    const data = new ArrayBuffer(4 * BLOCK);
    new DataView(data).setUint32(0, 16_001, true);
    expect(() => readRatedBones(data)).toThrow('broken');
    block(data, 0, [[0, 1, 9216]], []);
    expect(() => readRatedBones(data)).toThrow('broken');
  });
});
