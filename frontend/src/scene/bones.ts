import {
  Box3,
  type BufferGeometry,
  Group,
  Matrix4,
  Mesh,
  MeshBasicMaterial,
  MeshLambertMaterial,
  Scene,
  Sphere,
  SphereGeometry,
  Vector3,
  WebGLRenderer,
} from 'three';
import { LineMaterial } from 'three/examples/jsm/lines/LineMaterial.js';
import { LineSegments2 } from 'three/examples/jsm/lines/LineSegments2.js';
import { LineSegmentsGeometry } from 'three/examples/jsm/lines/LineSegmentsGeometry.js';

import { BONE_COLOURS, type BoneName } from '../domain/bones';
import type { Osteotomy, Point } from '../domain/plan';
import { wedgeMotion } from '../domain/wedge';
import { type ComparedPair, ComparisonLayer } from './comparison';
import { Fragment } from './fragment';
import { headlight, roomLights } from './lights';
import { RenderLoop } from './loop';
import { farthest, sectionSegments } from './section';
import { Turntable } from './turntable';
import { viewDirection, type ViewName } from './views';

const COLOURS = { cut: '#d9b98a', accent: '#6fc6d8', guide: '#5fa9ba', mark: '#f0b64e' } as const;
/** A frame slower than this (software rendering) makes moving frames coarser, milliseconds. */
const SLOW_FRAME = 70;

/** Position on the canvas in CSS pixels, and which way leads away from the bone (positive: right). */
export interface Beside {
  x: number;
  y: number;
  outward: number;
}

/**
 * The bones, the opening wedge and the guide in patient millimetres (LPS), drawn on demand. Knows nothing of React:
 * it is told what to show, and calls `onDraw` after every frame so that labels can follow.
 */
export class BoneScene {
  onDraw: (() => void) | null = null;

  private readonly renderer: WebGLRenderer;
  private readonly scene = new Scene();
  private readonly loop = new RenderLoop(() => this.draw());
  private readonly table: Turntable;
  private readonly bones = new Map<BoneName, Mesh<BufferGeometry, MeshLambertMaterial>>();
  private readonly hidden = new Set<BoneName>();
  private readonly wedge = new Group();
  private readonly marks = new Group();
  private readonly comparison = new ComparisonLayer();
  private comparing = false;
  private readonly bounds = new Sphere(new Vector3(), 100);

  private fragments: Fragment[] = [];
  private cutLine: LineSegments2 | null = null;
  private gapLine: LineSegments2 | null = null;
  private medialPoint: Vector3 | null = null;
  private osteotomy: Osteotomy | null = null;
  private degrees = 0;
  private cutKey = '';
  private guide: Mesh<BufferGeometry, MeshLambertMaterial> | null = null;
  private pane = { width: 1, height: 1 };
  private lastFrame = 0;
  private slow = false;

  constructor(
    canvas: HTMLCanvasElement,
    private readonly side: 'L' | 'R',
  ) {
    this.renderer = new WebGLRenderer({ canvas, antialias: true, alpha: true, stencil: true });
    this.renderer.setClearColor(0x000000, 0);
    this.renderer.localClippingEnabled = true;
    this.table = new Turntable(canvas, () => this.loop.request());
    headlight(this.table.camera);
    this.scene.add(this.table.camera, ...roomLights(), this.wedge, this.marks, this.comparison.group);
    this.table.look(viewDirection('anterior', side), new Vector3());
  }

  /** Show a bone, or take it away with null. The scene does not own the geometry. */
  setBone(name: BoneName, geometry: BufferGeometry | null): void {
    const present = this.bones.get(name);
    if (present) {
      this.scene.remove(present);
      present.material.dispose();
      this.bones.delete(name);
    }
    if (geometry) {
      const mesh = new Mesh(geometry, new MeshLambertMaterial({ color: BONE_COLOURS[name] }));
      this.bones.set(name, mesh);
      this.scene.add(mesh);
    }
    this.measureBounds();
    if (name === 'tibia') this.cutKey = '';
    this.refreshWedge();
    // Bones arrive one after another; until somebody looks elsewhere, all of them are kept in sight.
    if (!this.table.touched && this.bones.size > 0) this.reset(false);
    this.loop.request();
  }

  setVisible(name: BoneName, visible: boolean): void {
    if (visible) this.hidden.delete(name);
    else this.hidden.add(name);
    this.refreshWedge();
    this.loop.request();
  }

  /** Open the wedge of a plan by `degrees`; null shows the bones uncut. */
  setWedge(osteotomy: Osteotomy | null, degrees: number): void {
    this.osteotomy = osteotomy;
    this.degrees = degrees;
    this.refreshWedge();
    this.loop.request();
  }

  /** Show two sets in place of the bones, or the bones again with null. */
  setComparison(pair: ComparedPair | null): void {
    this.comparison.setPair(pair);
    this.comparing = pair !== null;
    this.refreshWedge();
    this.loop.request();
  }

  /** 0 shows the first set of a comparison, 1 the second. */
  setBlend(blend: number): void {
    this.comparison.setBlend(blend);
    this.comparison.setHidden(this.hidden);
    this.loop.request();
  }

  /** Show a guide, or none. The scene does not own the geometry. */
  setGuide(geometry: BufferGeometry | null): void {
    if (this.guide) {
      this.scene.remove(this.guide);
      this.guide.material.dispose();
      this.guide = null;
    }
    if (geometry) {
      this.guide = new Mesh(geometry, new MeshLambertMaterial({ color: COLOURS.guide }));
      this.scene.add(this.guide);
    }
    if (!this.table.touched) this.reset(false);
    this.loop.request();
  }

  /** The middle of the medial opening on the canvas, or null where there is nothing open to label. */
  gapOnScreen(): Beside | null {
    if (!this.medialPoint || !this.osteotomy || this.degrees <= 0 || this.hidden.has('tibia')) return null;
    const moved = this.medialPoint.clone().applyMatrix4(wedgeMotion(this.osteotomy, this.degrees));
    const middle = moved.add(this.medialPoint).multiplyScalar(0.5);
    const at = this.table.project(middle);
    const hinge = this.table.project(new Vector3().fromArray(this.osteotomy.hinge_point));
    return { ...at, outward: at.x - hinge.x };
  }

  setView(view: ViewName): void {
    this.table.touched = true;
    this.table.turnTo(viewDirection(view, this.side), this.bounds.center);
  }

  /** Everything in sight: bones from the front, a guide from where it is held. */
  reset(animated = true): void {
    this.clearMarks();
    const direction = viewDirection('anterior', this.side);
    if (this.guide) direction.add(viewDirection('medial', this.side)).normalize();
    if (animated) {
      this.table.turnTo(direction, this.bounds.center, 1);
    } else {
      this.table.camera.zoom = 1;
      this.table.look(direction, this.bounds.center);
    }
    this.fit();
  }

  /** Look closely at a place and mark it. */
  focus(place: Point): void {
    this.table.touched = true;
    this.clearMarks();
    const target = new Vector3().fromArray(place);
    const mark = new Mesh(
      new SphereGeometry(1.6, 24, 16),
      new MeshBasicMaterial({ color: COLOURS.mark, depthTest: false, transparent: true, opacity: 0.9 }),
    );
    mark.position.copy(target);
    mark.renderOrder = 50;
    this.marks.add(mark);
    // From the side of the bone where the place lies, a little above.
    const outward = target.clone().sub(this.bones.get('tibia')?.geometry.boundingSphere?.center ?? this.bounds.center);
    outward.z = 0;
    if (outward.lengthSq() < 1) outward.copy(viewDirection('medial', this.side));
    outward.normalize().setZ(0.25).normalize();
    this.table.turnTo(outward, target, Math.max(1, (this.bounds.radius * 2) / 90));
  }

  clearMarks(): void {
    for (const child of this.marks.children) {
      const mesh = child as Mesh<BufferGeometry, MeshBasicMaterial>;
      mesh.geometry.dispose();
      mesh.material.dispose();
    }
    this.marks.clear();
    this.loop.request();
  }

  /** Turn by angles in radians, for the keyboard. */
  orbit(azimuth: number, elevation: number): void {
    this.table.orbit(azimuth, elevation);
  }

  zoomBy(factor: number): void {
    this.table.zoomBy(factor);
  }

  resize(width: number, height: number): void {
    this.pane = { width, height };
    this.applyPixelRatio();
    this.fit();
  }

  dispose(): void {
    this.loop.dispose();
    this.table.dispose();
    this.clearMarks();
    this.clearWedge();
    this.setGuide(null);
    this.comparison.dispose();
    for (const mesh of this.bones.values()) mesh.material.dispose();
    this.renderer.dispose();
    this.renderer.forceContextLoss();
  }

  private measureBounds(): void {
    const box = new Box3();
    for (const mesh of this.bones.values()) box.expandByObject(mesh);
    if (!box.isEmpty()) box.getBoundingSphere(this.bounds);
  }

  private fit(): void {
    this.table.fit(this.pane.width, this.pane.height, this.bounds);
  }

  private clearWedge(): void {
    for (const fragment of this.fragments) fragment.dispose();
    for (const line of [this.cutLine, this.gapLine]) {
      line?.geometry.dispose();
      line?.material.dispose();
    }
    this.fragments = [];
    this.cutLine = null;
    this.gapLine = null;
    this.medialPoint = null;
    this.wedge.clear();
  }

  private line(segments: Float32Array, width: number): LineSegments2 {
    const material = new LineMaterial({ color: COLOURS.accent, linewidth: width, worldUnits: false });
    // Drawn a little towards the reader, so that the line is not buried in the surface that it lies on.
    material.polygonOffset = true;
    material.polygonOffsetFactor = -2;
    material.polygonOffsetUnits = -8;
    return new LineSegments2(new LineSegmentsGeometry().setPositions(segments), material);
  }

  /** Bring meshes, fragments and lines in step with the plan, the angle and the switches. */
  private refreshWedge(): void {
    const tibia = this.bones.get('tibia');
    const { osteotomy } = this;
    const key = tibia && osteotomy ? JSON.stringify([osteotomy.plane_point, osteotomy.plane_normal, osteotomy.hinge_point, osteotomy.hinge_axis]) : '';
    if (key !== this.cutKey) {
      this.clearWedge();
      this.cutKey = key;
      if (tibia && osteotomy) this.buildWedge(tibia.geometry, osteotomy);
    }
    const open = this.fragments.length > 0 && this.degrees > 0;
    for (const [name, mesh] of this.bones) {
      mesh.visible = !this.comparing && !this.hidden.has(name) && !(name === 'tibia' && open);
      mesh.matrixAutoUpdate = false;
      mesh.matrix.identity();
    }
    this.wedge.visible = !this.comparing && !this.hidden.has('tibia');
    this.comparison.setHidden(this.hidden);
    if (!osteotomy || this.fragments.length === 0) return;
    const motion = wedgeMotion(osteotomy, this.degrees);
    const point = new Vector3().fromArray(osteotomy.plane_point);
    const normal = new Vector3().fromArray(osteotomy.plane_normal).normalize();
    this.fragments[0]?.place(point, normal, new Matrix4());
    this.fragments[1]?.place(point, normal.clone().negate(), motion);
    for (const fragment of this.fragments) fragment.group.visible = open;
    // The fibula goes with the foot: it keeps its place beside the distal tibia.
    if (open) this.bones.get('fibula')?.matrix.copy(motion);
    this.refreshGap(motion, open);
  }

  private buildWedge(geometry: BufferGeometry, osteotomy: Osteotomy): void {
    const point = new Vector3().fromArray(osteotomy.plane_point);
    const normal = new Vector3().fromArray(osteotomy.plane_normal).normalize();
    const hinge = new Vector3().fromArray(osteotomy.hinge_point);
    const medial = new Vector3().fromArray(osteotomy.hinge_axis).cross(normal).normalize();
    if (medial.dot(viewDirection('medial', this.side)) < 0) medial.negate();
    // The saw stops at the hinge: beyond it the bone stays whole.
    const segments = sectionSegments(geometry, point, normal, (p) => p.sub(hinge).dot(medial) > 0);
    this.fragments = [
      new Fragment(geometry, BONE_COLOURS.tibia, COLOURS.cut, 1),
      new Fragment(geometry, BONE_COLOURS.tibia, COLOURS.cut, 2),
    ];
    for (const fragment of this.fragments) this.wedge.add(fragment.group);
    if (segments.length === 0) return;
    this.medialPoint = farthest(segments, medial);
    this.cutLine = this.line(segments, 2);
    this.cutLine.renderOrder = 10;
    this.wedge.add(this.cutLine);
  }

  private refreshGap(motion: Matrix4, open: boolean): void {
    if (this.gapLine) {
      this.wedge.remove(this.gapLine);
      this.gapLine.geometry.dispose();
      this.gapLine.material.dispose();
      this.gapLine = null;
    }
    if (!open || !this.medialPoint) return;
    const moved = this.medialPoint.clone().applyMatrix4(motion);
    this.gapLine = this.line(new Float32Array([...this.medialPoint.toArray(), ...moved.toArray()]), 3);
    this.gapLine.material.depthTest = false;
    this.gapLine.renderOrder = 20;
    this.wedge.add(this.gapLine);
  }

  private applyPixelRatio(): void {
    const full = Math.min(2, globalThis.devicePixelRatio || 1);
    this.renderer.setPixelRatio(this.table.moving && this.slow ? full / 2 : full);
    this.renderer.setSize(this.pane.width, this.pane.height, false);
  }

  private draw(): boolean {
    const now = performance.now();
    const sharp = this.renderer.getPixelRatio() === Math.min(2, globalThis.devicePixelRatio || 1);
    if (this.table.moving && now - this.lastFrame < 500 && now - this.lastFrame > SLOW_FRAME) {
      this.slow = true;
      this.table.calm = true;
    }
    if (sharp === (this.table.moving && this.slow)) this.applyPixelRatio();
    this.lastFrame = now;
    this.table.step(now);
    this.renderer.render(this.scene, this.table.camera);
    this.onDraw?.();
    return this.table.turning;
  }
}
