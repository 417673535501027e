import { BufferAttribute, BufferGeometry, ShapeUtils, Vector2, Vector3 } from 'three';
import { mergeVertices } from 'three/examples/jsm/utils/BufferGeometryUtils.js';

import { alongCurve } from './order';

/** Points closer than this are one point of a cut's outline, mm. */
const SAME_POINT = 1e-4;

/** A closed surface in millimetres; `cap` says of each triangle whether a saw made it. Some vertices may be in no triangle. */
export interface Solid {
  readonly positions: Float32Array;
  readonly normals: Float32Array;
  readonly triangles: Uint32Array;
  readonly cap: Uint8Array;
}

/** The solid inside a display mesh; corners that share place and normal become one vertex. */
export function solidOf(geometry: BufferGeometry): Solid {
  const merged = mergeVertices(geometry, SAME_POINT);
  const positions = merged.getAttribute('position').array as Float32Array;
  const triangles = alongCurve(positions, Uint32Array.from(merged.getIndex()?.array ?? []));
  const cap = new Uint8Array(triangles.length / 3);
  return numbered({ positions, normals: merged.getAttribute('normal').array as Float32Array, triangles, cap });
}

/** The same solid with its vertices in the order in which the triangles use them. */
function numbered(solid: Solid): Solid {
  const numbers = new Map<number, number>();
  for (const vertex of solid.triangles) if (!numbers.has(vertex)) numbers.set(vertex, numbers.size);
  const sorted = (values: Float32Array): Float32Array =>
    Float32Array.from([...numbers.keys()].flatMap((vertex) => [0, 1, 2].map((k) => values[3 * vertex + k] as number)));
  return {
    positions: sorted(solid.positions),
    normals: sorted(solid.normals),
    triangles: solid.triangles.map((vertex) => numbers.get(vertex) as number),
    cap: solid.cap,
  };
}

/** For drawing: group 0 is the surface, group 1 what the saw has laid open. */
export function geometryOf({ positions, normals, triangles, cap }: Solid): BufferGeometry {
  const index = new Uint32Array(triangles.length);
  let surface = 0;
  let opened = triangles.length;
  for (let t = 0; t < cap.length; t++) {
    if (cap[t]) opened -= 3;
    const at = cap[t] ? opened : surface;
    for (let k = 0; k < 3; k++) index[at + k] = triangles[3 * t + k] as number;
    if (!cap[t]) surface += 3;
  }
  const geometry = new BufferGeometry();
  geometry.setAttribute('position', new BufferAttribute(positions, 3));
  geometry.setAttribute('normal', new BufferAttribute(normals, 3));
  geometry.addGroup(0, surface, 0);
  geometry.addGroup(surface, triangles.length - surface, 1);
  geometry.setIndex(new BufferAttribute(index, 1));
  geometry.computeBoundingSphere();
  return geometry;
}

/** The part of a solid on the side of a plane that `normal` points to, closed again where the plane cut it. */
export function cutSolid(solid: Solid, point: Vector3, normal: Vector3): Solid {
  const cutter = new Cutter(solid, point, normal.clone().normalize());
  cutter.run();
  return cutter.result();
}

/** All vertices of the solid stay where they are, and new ones follow them: a hand that drags the cut does not wait. */
class Cutter {
  /** Of the new vertices. */
  private readonly positions: number[] = [];
  private readonly normals: number[] = [];
  /** Triangles that stay as they are. */
  private readonly kept: Uint32Array;
  private readonly keptCap: Uint8Array;
  private count = 0;
  /** Triangles that are new. */
  private readonly triangles: number[] = [];
  private readonly cap: number[] = [];
  private readonly heights: Float64Array;
  private readonly crossings = new Map<number, number>();
  /** The outline of the cut: from a vertex of the result to the next one, the way round that the surface has. */
  private readonly outline: [number, number][] = [];

  constructor(
    private readonly solid: Solid,
    point: Vector3,
    private readonly normal: Vector3,
  ) {
    const { positions } = solid;
    const offset = normal.dot(point);
    this.kept = new Uint32Array(solid.triangles.length);
    this.keptCap = new Uint8Array(solid.cap.length);
    this.heights = new Float64Array(positions.length / 3);
    for (let i = 0; i < this.heights.length; i++) {
      this.heights[i] =
        normal.x * (positions[3 * i] as number) + normal.y * (positions[3 * i + 1] as number) + normal.z * (positions[3 * i + 2] as number) - offset;
    }
  }

  run(): void {
    const { triangles, cap } = this.solid;
    for (let t = 0; t < cap.length; t++) {
      const [a, b, c] = [triangles[3 * t] as number, triangles[3 * t + 1] as number, triangles[3 * t + 2] as number];
      const above = Number(this.isAbove(a)) + Number(this.isAbove(b)) + Number(this.isAbove(c));
      if (above === 3) {
        this.kept[3 * this.count] = a;
        this.kept[3 * this.count + 1] = b;
        this.kept[3 * this.count + 2] = c;
        this.keptCap[this.count++] = cap[t] as number;
      } else if (above > 0) {
        this.clip([a, b, c], cap[t] as number);
      }
    }
    this.close();
  }

  result(): Solid {
    const { positions, normals } = this.solid;
    return {
      positions: joined(Float32Array, positions, this.positions),
      normals: joined(Float32Array, normals, this.normals),
      triangles: joined(Uint32Array, this.kept.subarray(0, 3 * this.count), this.triangles),
      cap: joined(Uint8Array, this.keptCap.subarray(0, this.count), this.cap),
    };
  }

  /** A vertex on the plane counts as above it: every crossing triangle then has exactly two crossing edges. */
  private isAbove(vertex: number): boolean {
    return (this.heights[vertex] as number) >= 0;
  }

  private clip(corners: readonly number[], cap: number): void {
    const polygon: number[] = [];
    let leaves = -1;
    let enters = -1;
    for (let k = 0; k < 3; k++) {
      const [i, j] = [corners[k] as number, corners[(k + 1) % 3] as number];
      if (this.isAbove(i)) polygon.push(i);
      if (this.isAbove(i) === this.isAbove(j)) continue;
      const crossing = this.cross(i, j);
      polygon.push(crossing);
      if (this.isAbove(i)) leaves = crossing;
      else enters = crossing;
    }
    for (let k = 1; k + 1 < polygon.length; k++) this.emit([polygon[0] as number, polygon[k] as number, polygon[k + 1] as number], cap);
    this.outline.push([leaves, enters]);
  }

  private emit(corners: readonly number[], cap: number): void {
    this.triangles.push(...corners);
    this.cap.push(cap);
  }

  private cross(i: number, j: number): number {
    // From below to above whichever way the edge is walked, so that both triangles of an edge get the same point.
    const [low, high] = this.isAbove(i) ? [j, i] : [i, j];
    const key = low * this.heights.length + high;
    const known = this.crossings.get(key);
    if (known !== undefined) return known;
    const { positions, normals } = this.solid;
    const [a, b] = [this.heights[low] as number, this.heights[high] as number];
    const share = a / (a - b);
    const mix = (values: Float32Array): number[] =>
      [0, 1, 2].map((k) => (values[3 * low + k] as number) * (1 - share) + (values[3 * high + k] as number) * share);
    const made = this.add(mix(positions), mix(normals));
    this.crossings.set(key, made);
    return made;
  }

  private add(position: ArrayLike<number>, normal: ArrayLike<number>): number {
    for (let k = 0; k < 3; k++) {
      this.positions.push(position[k] as number);
      this.normals.push(normal[k] as number);
    }
    return this.heights.length + this.positions.length / 3 - 1;
  }

  /** Coordinates of a new vertex. */
  private at(vertex: number): number[] {
    const from = 3 * (vertex - this.heights.length);
    return this.positions.slice(from, from + 3);
  }

  /** Triangles over the outline. */
  private close(): void {
    const across = new Vector3(0, 0, 1).cross(this.normal);
    if (across.lengthSq() < 1e-6) across.set(1, 0, 0);
    const u = across.normalize();
    const v = new Vector3().crossVectors(this.normal, u);
    const at = new Vector3();
    const flat = (vertex: number): Vector2 => {
      at.fromArray(this.at(vertex));
      return new Vector2(at.dot(u), at.dot(v));
    };
    const loops = chains(this.outline, (vertex) => this.place(vertex)).map((loop) => ({ loop, contour: loop.map(flat) }));
    // The outline runs about the cut so that what is kept has it on its left; what runs the other way is a hole.
    const sized = loops.map((one) => ({ ...one, area: ShapeUtils.area(one.contour) }));
    const largest = sized.reduce((best, one) => (Math.abs(one.area) > Math.abs(best) ? one.area : best), 0);
    const holes = sized.filter((one) => one.area * largest < 0);
    const main = sized.find((one) => one.area === largest);
    for (const outer of sized.filter((one) => one.area * largest > 0)) {
      this.cover(outer, outer === main ? holes : []);
    }
  }

  private cover(outer: { loop: number[]; contour: Vector2[] }, holes: { loop: number[]; contour: Vector2[] }[]): void {
    const faces = ShapeUtils.triangulateShape(outer.contour, holes.map((hole) => hole.contour));
    const away = [-this.normal.x, -this.normal.y, -this.normal.z];
    const vertices = [outer.loop, ...holes.map((hole) => hole.loop)]
      .flat()
      .map((vertex) => this.add(this.at(vertex), away));
    const contour = [outer.contour, ...holes.map((hole) => hole.contour)].flat();
    for (const face of faces) {
      const [a, b, c] = face.map((k) => contour[k] as Vector2) as [Vector2, Vector2, Vector2];
      // Seen from where the normal points to, a face of the cap runs clockwise.
      const turned = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x) > 0 ? face.toReversed() : face;
      this.emit(turned.map((k) => vertices[k] as number), 1);
    }
  }

  private place(vertex: number): string {
    return this.at(vertex).map((x) => Math.round(x / SAME_POINT)).join();
  }
}

function joined<A extends Float32Array | Uint32Array | Uint8Array>(
  kind: new (length: number) => A,
  first: A,
  second: readonly number[],
): A {
  const whole = new kind(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}

/** Segments as loops of vertices; ends that meet nothing are joined, as a hole in a mesh leaves them. */
function chains(segments: readonly [number, number][], place: (vertex: number) => string): number[][] {
  const next = new Map<string, { from: number; to: string }[]>();
  for (const [from, to] of segments) {
    const [a, b] = [place(from), place(to)];
    if (a === b) continue;
    const known = next.get(a);
    if (known) known.push({ from, to: b });
    else next.set(a, [{ from, to: b }]);
  }
  const loops: number[][] = [];
  for (const start of next.keys()) {
    const loop: number[] = [];
    for (let step = next.get(start)?.pop(); step; step = next.get(step.to)?.pop()) loop.push(step.from);
    if (loop.length > 2) loops.push(loop);
  }
  return loops;
}

/** Volume inside a closed surface, cubic millimetres. */
export function volumeOf(solid: Solid): number {
  const [a, b, c] = [new Vector3(), new Vector3(), new Vector3()];
  let sum = 0;
  for (let i = 0; i < solid.triangles.length; i += 3) {
    a.fromArray(solid.positions, 3 * (solid.triangles[i] as number));
    b.fromArray(solid.positions, 3 * (solid.triangles[i + 1] as number));
    c.fromArray(solid.positions, 3 * (solid.triangles[i + 2] as number));
    sum += a.dot(b.cross(c)) / 6;
  }
  return sum;
}
