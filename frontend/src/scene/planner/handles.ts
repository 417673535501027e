import { BufferAttribute, BufferGeometry, CanvasTexture, Color, type Matrix4, Points, PointsMaterial, Vector3 } from 'three';

import { axisGrip } from '../../domain/hingeAxis';
import { bonesUnder, fragmentOf, motionsOf } from '../../domain/leg';
import type { BoneName } from '../../domain/bones';
import type { PlanDocument, Point } from '../../domain/plan';
import { LAYERS } from './panes';

/** What a hand can take hold of: a landmark by its name, one of the three grips of the cut, or that of its axis. */
export type HandleName = string;
export const CUT_HANDLES = ['cut:start', 'cut:hinge', 'cut:plane'] as const;
/** Turns the hinge axis within the cut. */
export const AXIS_HANDLE = 'cut:axis';

export interface Handle {
  readonly name: HandleName;
  /** Where it is drawn. */
  readonly shown: Vector3;
  /** From where it is on the bone before the correction to where it is drawn. */
  readonly motion: Matrix4;
  /** The bones on whose surface it stays; none: it moves in the plane of the view. */
  readonly on: readonly BoneName[];
  readonly provenance: string;
}

const COLOURS = { cut: '#6fc6d8', edited: '#ffffff', auto: '#f0dcb0', imputed: '#8b98a4', held: '#ffffff' } as const;

/** Handles of a plan where the correction puts them. */
export function handlesOf(plan: PlanDocument, degrees: number, after: boolean, landmarks: boolean): Handle[] {
  const motions = motionsOf(plan, after ? degrees : 0);
  const tuberosity = plan.technique?.tuberosity ?? 'distal';
  const vector = (point: Point): Vector3 => new Vector3().fromArray(point);
  const { start_point: start, hinge_point: hinge } = plan.osteotomy;
  const middle = vector(start).lerp(vector(hinge), 0.5);
  const grips = [vector(start), vector(hinge), middle].map(
    (shown, i): Handle => ({ name: CUT_HANDLES[i] as HandleName, shown, motion: motions.still, on: [], provenance: 'cut' }),
  );
  const axis = axisGrip(plan);
  if (axis) grips.push({ name: AXIS_HANDLE, shown: axis, motion: motions.still, on: [], provenance: 'cut' });
  if (!landmarks) return grips;
  const marks = Object.entries(plan.landmarks).map(([name, { position, provenance }]): Handle => {
    const motion = motions[fragmentOf(name, tuberosity)];
    return { name, shown: vector(position).applyMatrix4(motion), motion, on: bonesUnder(name), provenance };
  });
  return [...grips, ...marks];
}

/** The handles as dots of constant size over everything: landmarks small, grips of the cut large. */
export class HandleDots {
  readonly small = dots(9);
  readonly large = dots(15);
  readonly axis = dots(15);

  constructor() {
    this.axis.layers.set(LAYERS.turns);
    // Onto the cut, landmarks of joint and shaft would lie in one heap.
    this.small.layers.set(LAYERS.notAxial);
  }

  set(handles: readonly Handle[], held: HandleName | null): void {
    const grip = (handle: Handle): boolean => handle.provenance === 'cut' || handle.name === held;
    fill(this.small, handles.filter((handle) => !grip(handle)), held);
    const [axis, others] = [handles.filter(turns), handles.filter((handle) => grip(handle) && !turns(handle))];
    fill(this.large, others, held);
    fill(this.axis, axis, held);
  }

  dispose(): void {
    for (const points of [this.small, this.large, this.axis]) {
      points.geometry.dispose();
      points.material.map?.dispose();
      points.material.dispose();
    }
  }
}

function turns(handle: Handle): boolean {
  return handle.name === AXIS_HANDLE;
}

type Dots = Points<BufferGeometry, PointsMaterial>;

function fill(points: Dots, handles: readonly Handle[], held: HandleName | null): void {
  const colours = new Float32Array(handles.length * 3);
  const positions = new Float32Array(handles.length * 3);
  handles.forEach((handle, i) => {
    handle.shown.toArray(positions, 3 * i);
    const tone = handle.name === held ? 'held' : handle.provenance;
    new Color(COLOURS[tone as keyof typeof COLOURS] ?? COLOURS.auto).toArray(colours, 3 * i);
  });
  points.geometry.dispose();
  points.geometry = new BufferGeometry();
  points.geometry.setAttribute('position', new BufferAttribute(positions, 3));
  points.geometry.setAttribute('color', new BufferAttribute(colours, 3));
  points.visible = handles.length > 0;
}

function dots(size: number): Dots {
  const ratio = Math.min(2, globalThis.devicePixelRatio || 1);
  const material = new PointsMaterial({
    size: size * ratio,
    sizeAttenuation: false,
    vertexColors: true,
    map: disc(),
    transparent: true,
    depthTest: false,
  });
  const points = new Points(new BufferGeometry(), material);
  points.renderOrder = 20;
  points.frustumCulled = false;
  return points;
}

/** A disc with a dark rim, so that it stands out from bone and from ground. */
function disc(): CanvasTexture {
  const side = 32;
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = side;
  const pen = canvas.getContext('2d');
  if (pen) {
    pen.beginPath();
    pen.arc(side / 2, side / 2, side / 2 - 1, 0, 2 * Math.PI);
    pen.fillStyle = '#0a0d0f';
    pen.fill();
    pen.beginPath();
    pen.arc(side / 2, side / 2, side / 2 - 6, 0, 2 * Math.PI);
    pen.fillStyle = '#fff';
    pen.fill();
  }
  return new CanvasTexture(canvas);
}
