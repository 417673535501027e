import {
  Box3,
  type BufferGeometry,
  Group,
  Mesh,
  MeshBasicMaterial,
  MeshLambertMaterial,
  Scene,
  Sphere,
  SphereGeometry,
  Vector3,
  WebGLRenderer,
} from 'three';

import { BONE_COLOURS, type BoneName } from '../domain/bones';
import type { Point } from '../domain/plan';
import { type ComparedPair, ComparisonLayer, paint } from './comparison';
import { headlight, roomLights } from './lights';
import { RenderLoop } from './loop';
import { Turntable } from './turntable';
import { viewDirection, type ViewName } from './views';

const COLOURS = { guide: '#5fa9ba', mark: '#f0b64e' } as const;
/** A frame slower than this (software rendering) makes moving frames coarser, milliseconds. */
const SLOW_FRAME = 70;

/**
 * The bones and the guide in patient millimetres (LPS), drawn on demand. Knows nothing of React: it is told what to show.
 */
export class BoneScene {
  private readonly renderer: WebGLRenderer;
  private readonly scene = new Scene();
  private readonly loop = new RenderLoop(() => this.draw());
  private readonly table: Turntable;
  private readonly bones = new Map<BoneName, Mesh<BufferGeometry, MeshLambertMaterial>>();
  private readonly hidden = new Set<BoneName>();
  private readonly marks = new Group();
  private readonly comparison = new ComparisonLayer();
  private comparing = false;
  /** End of the colour scale of uncertainty, mm; null draws plain bones. */
  private uncertaintyScale: number | null = null;
  private readonly bounds = new Sphere(new Vector3(), 100);

  private guide: Mesh<BufferGeometry, MeshLambertMaterial> | null = null;
  private pane = { width: 1, height: 1 };
  private lastFrame = 0;
  private slow = false;

  constructor(
    canvas: HTMLCanvasElement,
    private readonly side: 'L' | 'R',
  ) {
    this.renderer = new WebGLRenderer({ canvas, antialias: true, alpha: true });
    this.renderer.setClearColor(0x000000, 0);
    this.table = new Turntable(canvas, () => this.loop.request());
    headlight(this.table.camera);
    this.scene.add(this.table.camera, ...roomLights(), this.marks, this.comparison.group);
    this.table.look(viewDirection('anterior', side), new Vector3());
  }

  /** Show a bone, or take it away with null. The scene does not own the geometry. */
  setBone(name: BoneName, geometry: BufferGeometry | null): void {
    const present = this.bones.get(name);
    if (present) {
      this.scene.remove(present);
      this.release(present);
      this.bones.delete(name);
    }
    if (geometry) {
      const mesh = new Mesh(geometry, new MeshLambertMaterial({ color: BONE_COLOURS[name] }));
      this.bones.set(name, mesh);
      this.scene.add(mesh);
      this.colour(name, mesh);
    }
    this.measureBounds();
    this.refresh();
    // Bones arrive one after another; until somebody looks elsewhere, all of them are kept in sight.
    if (!this.table.touched && this.bones.size > 0) this.reset(false);
    this.loop.request();
  }

  setVisible(name: BoneName, visible: boolean): void {
    if (visible) this.hidden.delete(name);
    else this.hidden.add(name);
    this.refresh();
    this.loop.request();
  }

  /** Colour bones by how uncertain they are, on a scale that ends at so many mm; null draws them plain. */
  setUncertainty(scale: number | null): void {
    if (scale === this.uncertaintyScale) return;
    this.uncertaintyScale = scale;
    for (const [name, mesh] of this.bones) this.colour(name, mesh);
    this.loop.request();
  }

  /** Show two sets in place of the bones, or the bones again with null. */
  setComparison(pair: ComparedPair | null): void {
    this.comparison.setPair(pair);
    this.comparing = pair !== null;
    this.refresh();
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
    this.setGuide(null);
    this.comparison.dispose();
    for (const mesh of this.bones.values()) this.release(mesh);
    this.renderer.dispose();
    this.renderer.forceContextLoss();
  }

  /** Plain, or painted by uncertainty where it is known; the plain geometry stays the caller's. */
  private colour(name: BoneName, mesh: Mesh<BufferGeometry, MeshLambertMaterial>): void {
    const plain = (mesh.userData.plain as BufferGeometry | undefined) ?? mesh.geometry;
    if (mesh.geometry !== plain) mesh.geometry.dispose();
    const uncertainty = plain.userData.uncertainty as Float32Array | null | undefined;
    const painted =
      this.uncertaintyScale !== null && uncertainty ? paint(plain, uncertainty, this.uncertaintyScale) : null;
    mesh.userData.plain = plain;
    mesh.geometry = painted ?? plain;
    mesh.material.color.set(painted ? '#ffffff' : BONE_COLOURS[name]);
    mesh.material.vertexColors = painted !== null;
    mesh.material.needsUpdate = true;
  }

  private release(mesh: Mesh<BufferGeometry, MeshLambertMaterial>): void {
    mesh.material.dispose();
    if (mesh.geometry !== mesh.userData.plain) mesh.geometry.dispose();
  }

  private measureBounds(): void {
    const box = new Box3();
    for (const mesh of this.bones.values()) box.expandByObject(mesh);
    if (!box.isEmpty()) box.getBoundingSphere(this.bounds);
  }

  private fit(): void {
    this.table.fit(this.pane.width, this.pane.height, this.bounds);
  }

  /** Bring the bones in step with the switches. */
  private refresh(): void {
    for (const [name, mesh] of this.bones) mesh.visible = !this.comparing && !this.hidden.has(name);
    this.comparison.setHidden(this.hidden);
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
    return this.table.turning;
  }
}
