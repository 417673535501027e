import {
  Box3,
  type BufferGeometry,
  Group,
  Mesh,
  MeshBasicMaterial,
  type MeshLambertMaterial,
  type Plane,
  Scene,
  Sphere,
  SphereGeometry,
  Vector3,
  WebGLRenderer,
} from 'three';

import { BONE_COLOURS, type BoneName } from '../domain/bones';
import type { Stroke } from '../domain/painting';
import type { Point } from '../domain/plan';
import { Brush, type Brushing } from './brush';
import { contactMesh } from './contactFace';
import { cutParts, disposeParts, type Motion, motionArrow, type Wire, wireMeshes } from './guideParts';
import { type Section, sectionNormal, sectionPlane, type Slot } from './guideSection';
import { OpenableSolid } from './guideSolids';
import { headlight, roomLights } from './lights';
import { RenderLoop } from './loop';
import { softwareDrawn } from './software';
import { Turntable } from './turntable';
import { viewDirection, type ViewName } from './views';

const GUIDE = { outside: '#5fa9ba', cut: '#2f7f93' } as const;
const MARK = '#f0b64e';
/** Colour of bone that a section lays open. */
const CUT_BONE: Record<BoneName, string> = { femur: '#a37a40', patella: '#6e4032', tibia: '#cdbf9e', fibula: '#6d8798' };
/** Bone behind colours that mean something. */
const QUIET_BONE = '#6c7278';
/** A guide that lets its contact face through. */
const GHOST = 0.14;
/** Sizes of the guide, and of the bone while there is no guide, that the picture shows. */
const GUIDE_ROOM = 1.35;
const BONE_ROOM = 1;
/** Around what is looked at closely, mm. */
const CLOSE_MM = 90;

export interface Pose {
  direction: Vector3;
  target: Vector3;
  /** Of the picture: equal in two scenes whose guides differ in size. */
  scale: number;
}

/** What a scene of a guide shows besides bones and guide. */
export interface GuideLook {
  slot: Slot | null;
  section: Section | null;
  /** The contact face in colours, the guide as a ghost. */
  contact: boolean;
  wires: boolean;
  weakest: boolean;
  others: boolean;
}

/** A guide on its tibia in patient millimetres (LPS), drawn on demand; it can be cut open. Knows nothing of React. */
export class GuideScene {
  private readonly renderer: WebGLRenderer;
  private readonly scene = new Scene();
  private readonly loop = new RenderLoop(() => this.draw());
  private readonly table: Turntable;
  private readonly bones = new Map<BoneName, OpenableSolid>();
  private readonly bounds = new Sphere(new Vector3(), 80);
  private readonly marks = new Group();
  private readonly brush: Brush;
  private readonly followers = new Set<(pose: Pose) => void>();
  private guide: OpenableSolid | null = null;
  private contact: Mesh<BufferGeometry, MeshLambertMaterial> | null = null;
  private wires = new Group();
  private arrow = new Group();
  private look: GuideLook = { slot: null, section: null, contact: false, wires: true, weakest: false, others: false };
  private pane = { width: 1, height: 1 };
  private following = false;

  constructor(
    canvas: HTMLCanvasElement,
    private readonly side: 'L' | 'R',
  ) {
    this.renderer = new WebGLRenderer({ canvas, antialias: !softwareDrawn(), alpha: true });
    this.renderer.setClearColor(0x000000, 0);
    this.renderer.localClippingEnabled = true;
    this.table = new Turntable(canvas, () => this.moved());
    headlight(this.table.camera);
    this.brush = new Brush(
      canvas,
      this.table,
      () => this.bones.get('tibia')?.group,
      () => this.loop.request(),
    );
    this.scene.add(this.table.camera, ...roomLights(), this.marks, this.wires, this.arrow, this.brush.group);
    this.table.look(this.held(), new Vector3());
  }

  /** Show a bone, or take it away with null. The scene does not own the geometry. */
  setBone(name: BoneName, geometry: BufferGeometry | null): void {
    const present = this.bones.get(name);
    if (present) {
      this.scene.remove(present.group);
      present.dispose();
      this.bones.delete(name);
    }
    if (geometry) {
      const solid = new OpenableSolid(geometry, BONE_COLOURS[name], CUT_BONE[name]);
      this.bones.set(name, solid);
      this.scene.add(solid.group);
      if (name === 'tibia' && !this.guide) this.frame(solid, BONE_ROOM);
    }
    this.refresh();
  }

  /** Show a guide with its wires and weakest motion, or none. The scene does not own the geometry. */
  setGuide(geometry: BufferGeometry | null, wires: readonly Wire[], weakest: Motion | null): void {
    if (this.guide) {
      this.scene.remove(this.guide.group);
      this.guide.dispose();
      this.guide = null;
    }
    disposeParts(this.wires);
    disposeParts(this.arrow);
    this.scene.remove(this.wires, this.arrow);
    this.wires = wireMeshes(wires);
    this.arrow = weakest ? motionArrow(weakest) : new Group();
    this.scene.add(this.wires, this.arrow);
    if (geometry) {
      this.guide = new OpenableSolid(geometry, GUIDE.outside, GUIDE.cut);
      this.scene.add(this.guide.group);
      this.frame(this.guide, GUIDE_ROOM);
    }
    this.refresh();
  }

  /** The contact face with its gaps, or none; `clearance` is the planned gap in mm. */
  setContact(geometry: BufferGeometry | null, clearance: number): void {
    if (this.contact) {
      this.scene.remove(this.contact);
      this.contact.geometry.dispose();
      this.contact.material.dispose();
      this.contact = null;
    }
    if (geometry) {
      this.contact = contactMesh(geometry, clearance);
      this.scene.add(this.contact);
    }
    this.refresh();
  }

  /** Paint on the tibia, or no more with null; the guide lets the bone through meanwhile. */
  paint(brushing: Brushing | null): void {
    this.brush.hold(brushing);
    this.refresh();
  }

  setPainting(strokes: readonly Stroke[]): void {
    this.brush.show(strokes);
  }

  show(look: GuideLook): void {
    const turned = look.section !== null && look.section.name !== this.look.section?.name;
    this.look = look;
    this.refresh();
    if (turned && look.slot && look.section) {
      this.table.touched = true;
      this.table.turnTo(sectionNormal(look.slot, look.section.name), this.bounds.center.clone());
    }
  }

  setView(view: ViewName): void {
    this.table.touched = true;
    this.table.turnTo(viewDirection(view, this.side), this.bounds.center.clone());
  }

  /** The guide in sight as it is held. */
  reset(animated = true): void {
    this.clearMarks();
    if (animated) {
      this.table.turnTo(this.held(), this.bounds.center.clone(), 1);
    } else {
      this.table.camera.zoom = 1;
      this.table.look(this.held(), this.bounds.center.clone());
    }
    this.fit();
  }

  /** Look closely at a place and mark it. */
  focus(place: Point): void {
    this.clearMarks();
    this.table.touched = true;
    const target = new Vector3().fromArray(place);
    const material = new MeshBasicMaterial({ color: MARK, depthTest: false, transparent: true, opacity: 0.9 });
    const mark = new Mesh(new SphereGeometry(1.3, 24, 16), material);
    mark.position.copy(target);
    mark.renderOrder = 50;
    this.marks.add(mark);
    this.table.turnTo(this.held(), target, Math.max(1, (this.bounds.radius * 2) / CLOSE_MM) * 1.5);
  }

  clearMarks(): void {
    disposeParts(this.marks);
    this.loop.request();
  }

  orbit(azimuth: number, elevation: number): void {
    this.table.orbit(azimuth, elevation);
  }

  zoomBy(factor: number): void {
    this.table.zoomBy(factor);
  }

  /** Be told whenever the view is turned, so that another scene can follow; returns how to stop it. */
  listenPose(told: (pose: Pose) => void): () => void {
    this.followers.add(told);
    return () => void this.followers.delete(told);
  }

  get pose(): Pose {
    const { camera, controls } = this.table;
    const direction = camera.position.clone().sub(controls.target).normalize();
    return { direction, target: controls.target.clone(), scale: camera.zoom / this.bounds.radius };
  }

  /** Look as another scene does, without telling it. */
  follow({ direction, target, scale }: Pose): void {
    this.following = true;
    this.table.touched = true;
    this.table.camera.zoom = scale * this.bounds.radius;
    this.table.look(direction, target.clone());
    this.following = false;
  }

  resize(width: number, height: number): void {
    this.pane = { width, height };
    this.renderer.setPixelRatio(softwareDrawn() ? 1 : Math.min(2, globalThis.devicePixelRatio || 1));
    this.renderer.setSize(width, height, false);
    this.fit();
  }

  dispose(): void {
    this.loop.dispose();
    this.brush.dispose();
    this.table.dispose();
    this.clearMarks();
    this.setContact(null, 0);
    this.setGuide(null, [], null);
    for (const bone of this.bones.values()) bone.dispose();
    this.renderer.dispose();
    this.renderer.forceContextLoss();
  }

  /** From where a surgeon looks at a guide: from in front of the side that it is put on, a little above. */
  private held(): Vector3 {
    const medial = viewDirection('medial', this.side);
    const outward = this.look.slot ? new Vector3().fromArray(this.look.slot.direction).negate().setZ(0).normalize() : medial;
    return outward.multiplyScalar(1.4).add(viewDirection('anterior', this.side)).setZ(0.35).normalize();
  }

  /** From now on the picture is of `solid`, with so many times its size around; whoever has turned it stays where they look. */
  private frame(solid: OpenableSolid, room: number): void {
    new Box3().setFromObject(solid.group).getBoundingSphere(this.bounds);
    this.bounds.radius *= room;
    this.fit();
    if (!this.table.touched) this.reset(false);
  }

  private fit(): void {
    this.table.fit(this.pane.width, this.pane.height, this.bounds);
  }

  private refresh(): void {
    const { slot, section, contact, wires, weakest, others } = this.look;
    const plane: Plane | null = slot && section ? sectionPlane(slot, section) : null;
    const coloured = contact && this.contact !== null;
    for (const [name, bone] of this.bones) {
      bone.visible = name === 'tibia' || others;
      bone.setColour(coloured ? QUIET_BONE : BONE_COLOURS[name]);
      bone.cut(plane);
    }
    this.guide?.setOpacity((coloured && !plane) || this.brush.active ? GHOST : 1);
    this.guide?.cut(plane);
    if (this.contact) {
      this.contact.visible = coloured;
      this.contact.material.clippingPlanes = plane ? [plane] : [];
      this.contact.material.needsUpdate = true;
    }
    cutParts(this.wires, plane);
    this.wires.visible = wires;
    this.arrow.visible = weakest;
    this.loop.request();
  }

  private moved(): void {
    this.loop.request();
    if (this.following || this.followers.size === 0) return;
    const { pose } = this;
    for (const told of this.followers) told(pose);
  }

  private draw(): boolean {
    this.table.step(performance.now());
    this.renderer.render(this.scene, this.table.camera);
    return this.table.turning;
  }
}
