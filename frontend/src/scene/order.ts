/** Bits a coordinate in the order along the curve. */
const BITS = 10;

/**
 * Triangles in the order of a curve through space (Morton 1966), which visits neighbours one after another: a corner
 * that triangles share is then worked out once for most of them. On a processor that draws this is half the work.
 *
 * @param positions x, y, z a vertex
 * @param triangles three vertices a triangle
 */
export function alongCurve(positions: ArrayLike<number>, triangles: Uint32Array): Uint32Array {
  const low = [Infinity, Infinity, Infinity];
  let side = 0;
  for (let k = 0; k < 3; k++) {
    let high = -Infinity;
    for (let i = k; i < positions.length; i += 3) {
      low[k] = Math.min(low[k] as number, positions[i] as number);
      high = Math.max(high, positions[i] as number);
    }
    side = Math.max(side, high - (low[k] as number));
  }
  const scale = side > 0 ? (2 ** BITS - 1) / side : 0;
  const keys = new Float64Array(triangles.length / 3);
  for (let t = 0; t < keys.length; t++) {
    let key = 0;
    for (let k = 0; k < 3; k++) {
      const at = (corner: number): number => positions[3 * (triangles[3 * t + corner] as number) + k] as number;
      key |= spread(((at(0) + at(1) + at(2)) / 3 - (low[k] as number)) * scale) << k;
    }
    keys[t] = key;
  }
  const order = Uint32Array.from(keys, (_, t) => t).sort((a, b) => (keys[a] as number) - (keys[b] as number) || a - b);
  return Uint32Array.from(triangles, (_, i) => triangles[3 * (order[Math.floor(i / 3)] as number) + (i % 3)] as number);
}

/** Two empty bits after each of the lowest ten. */
function spread(value: number): number {
  let bits = Math.floor(value);
  bits = (bits | (bits << 16)) & 0x030000ff;
  bits = (bits | (bits << 8)) & 0x0300f00f;
  bits = (bits | (bits << 4)) & 0x030c30c3;
  return (bits | (bits << 2)) & 0x09249249;
}
