/** The bones of an item as they come: blocks of one size whatever is in them, so that their size tells nothing. */
import { BONES, type BoneName } from './bones';

const VERTICES = 9216;
const TRIANGLES = 16_000;
const BLOCK = 4 + VERTICES * 3 * 4 + TRIANGLES * 3 * 2;

export interface RatedBone {
  /** (x, y, z) of each vertex, mm, patient LPS axes. */
  readonly positions: Float32Array<ArrayBuffer>;
  /** Three vertices a triangle. */
  readonly indices: Uint16Array<ArrayBuffer>;
}

/** The bones that there are; throws where the bytes are not four blocks. */
export function readRatedBones(data: ArrayBuffer): Map<BoneName, RatedBone> {
  if (data.byteLength !== BLOCK * BONES.length) throw new Error('The bones arrived incomplete.');
  const bones = new Map<BoneName, RatedBone>();
  BONES.forEach((name, i) => {
    const start = i * BLOCK;
    const triangles = new DataView(data).getUint32(start, true);
    if (triangles === 0) return;
    if (triangles > TRIANGLES) throw new Error('The bones arrived broken.');
    const indices = new Uint16Array(data, start + 4 + VERTICES * 12, triangles * 3);
    const used = indices.reduce((most, index) => Math.max(most, index), 0) + 1;
    if (used > VERTICES) throw new Error('The bones arrived broken.');
    bones.set(name, { positions: new Float32Array(data, start + 4, used * 3), indices });
  });
  return bones;
}
