import { Box3, type BufferGeometry, Sphere, Vector3, WebGLRenderer } from 'three';

import { PALETTE } from '../../app/palette';
import type { BoneName } from '../../domain/bones';
import type { PlanDocument } from '../../domain/plan';
import { RenderLoop } from '../loop';
import { softwareDrawn } from '../software';
import { PlanContent } from './content';
import { type Dragged, HandleDrag } from './drag';
import { HandleDots, type Handle, type HandleName, handlesOf } from './handles';
import type { FilmImage } from './film';
import { PlanLines } from './lines';
import { Painter } from './painter';
import { Pane } from './pane';
import type { PaneName } from './panes';

/** What fits into a view at zoom 1. */
const FRAME = new Sphere(new Vector3(), 100);
/** About the knee, mm: joint line, cut and the whole of the plateau. */
const KNEE_MM = 82;
/** Beside the hip and the ankle, as a share of their distance. */
const LEG_MARGIN = 1.06;
/** So long a handle waits to be drawn with what follows from it: a processor that draws holds up the answer, ms. */
const PATIENCE_MS = 60;

type Hoverer = (name: HandleName | null, pane: PaneName) => void;

/** What the views of a plan show; a new object is a new picture. */
export interface Shown {
  readonly plan: PlanDocument | null;
  readonly degrees: number;
  /** Whether the plan is the one that is asked for and no hand is on it; else the cut may lag behind by a hair. */
  readonly rests: boolean;
  /** The leg after the correction, or as it is. */
  readonly after: boolean;
  readonly hidden: ReadonlySet<BoneName>;
  readonly landmarks: boolean;
  readonly axes: boolean;
  /** From the hip to the ankle in place of the knee. */
  readonly longLeg: boolean;
}

const NOTHING: Shown = { plan: null, degrees: 0, rests: false, after: true, hidden: new Set(), landmarks: false, axes: true, longLeg: false };

/**
 * Four views of one plan on one canvas: frontal, sagittal, onto the cut, and free. They look at the same place with the
 * same magnification, and move together. Handles of landmarks and cut can be dragged in each of them.
 */
export class PlannerScene {
  /** What a hand does to a handle; null: handles cannot be taken hold of. */
  onDrag: ((drag: Dragged) => void) | null = null;
  /** The plan as it was when a grip of the cut was taken hold of. */
  grabbed: PlanDocument | null = null;

  private readonly renderer: WebGLRenderer;
  private readonly painter: Painter;
  private readonly loop = new RenderLoop(() => this.draw());
  private readonly content = new PlanContent();
  private readonly lines = new PlanLines();
  private readonly dots = new HandleDots();
  private readonly panes = new Map<PaneName, Pane>();
  private readonly afterDraw = new Set<() => void>();
  private readonly hoverers = new Set<Hoverer>();
  private readonly bounds = new Sphere(new Vector3(), 100);
  private readonly drag: HandleDrag;
  private handles: Handle[] = [];
  private shown = NOTHING;
  private following = false;
  private touched = false;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly side: 'L' | 'R',
  ) {
    // Four views of smooth edges are more than a processor can draw while a hand moves.
    this.renderer = new WebGLRenderer({ canvas, antialias: !softwareDrawn(), alpha: false, stencil: false, powerPreference: 'high-performance' });
    this.renderer.setClearColor(PALETTE.viewport);
    this.painter = new Painter(this.renderer, softwareDrawn(), () => this.loop.request(), (on) => this.content.setGhost(on));
    this.painter.still.add(this.content.still);
    this.painter.moving.add(this.content.moving);
    this.painter.marks.add(this.lines.group, this.dots.small, this.dots.large, this.dots.axis);
    this.drag = new HandleDrag(this.content, {
      handles: () => this.handles,
      mayHold: () => this.onDrag !== null,
      plan: () => this.shown.plan,
      onHold: () => {
        const { plan } = this.shown;
        this.grabbed = this.drag.held ? plan : null;
        this.refresh();
      },
      onDrag: (dragged) => {
        this.onDrag?.(dragged);
        this.align();
        if (softwareDrawn() && !dragged.done) this.loop.requestWithin(PATIENCE_MS);
        else this.loop.request();
      },
      onHover: (name, pane) => {
        for (const tell of this.hoverers) tell(name, pane);
        this.loop.request();
      },
    });
  }

  /** Draw a view inside an element that lies over the canvas; null takes the view away. */
  setPane(name: PaneName, element: HTMLElement | null): void {
    const present = this.panes.get(name);
    if (present?.element === element) return;
    present?.dispose();
    this.panes.delete(name);
    if (element) {
      const pane = new Pane(name, element, this.side, () => this.follow(name), () => this.remeasure());
      this.panes.set(name, pane);
      this.drag.listen(pane);
      const other = [...this.panes.values()].find((one) => one !== pane);
      this.remeasure();
      if (other) {
        pane.table.camera.zoom = other.table.camera.zoom;
        pane.table.look(pane.home, other.table.controls.target.clone());
      } else {
        this.reset();
      }
    }
    this.loop.request();
  }

  /** Put an X-ray under a view, which is then seen as the X-ray was taken; null takes it away. */
  setFilm(name: PaneName, image: FilmImage | null): void {
    this.panes.get(name)?.setFilm(image);
    this.loop.request();
  }

  /** Show a bone, or take it away with null. The scene does not own the geometry. */
  setBone(name: BoneName, geometry: BufferGeometry | null): void {
    this.content.setBone(name, geometry);
    const box = new Box3();
    for (const mesh of this.content.wholes) box.expandByObject(mesh);
    if (!box.isEmpty()) box.getBoundingSphere(this.bounds);
    if (!this.touched) this.reset();
    this.refresh();
  }

  show(shown: Shown): void {
    const before = this.shown;
    this.shown = shown;
    const { held } = this.drag;
    // Bones that are cut anew take a processor that draws longer than numbers may wait that follow a landmark.
    if (held && !held.startsWith('cut:') && this.content.cutsAnew(shown.plan, shown.degrees, shown.rests)) {
      this.loop.afterNext(() => this.refresh());
    } else {
      this.refresh();
    }
    const first = before.plan === null && shown.plan !== null;
    if (shown.longLeg !== before.longLeg || (first && !this.touched)) this.reset();
  }

  /** Be told after every frame, so that labels can follow; returns how to stop it. */
  listenDraw(told: () => void): () => void {
    this.afterDraw.add(told);
    return () => void this.afterDraw.delete(told);
  }

  /** Be told which handle the pointer is on; returns how to stop it. */
  listenHover(told: Hoverer): () => void {
    this.hoverers.add(told);
    return () => void this.hoverers.delete(told);
  }

  /** The knee in sight, or the leg from hip to ankle; each view from its own side. */
  reset(): void {
    const { plan, longLeg } = this.shown;
    const target = (plan && (longLeg ? legSphere(plan) : kneeSphere(plan))) ?? this.bounds;
    this.touched = false;
    this.following = true;
    for (const { table, home } of this.panes.values()) {
      table.touched = false;
      table.camera.zoom = FRAME.radius / target.radius;
      table.look(home, target.center.clone());
    }
    this.following = false;
    this.loop.request();
  }

  /** One of the six standard views, in the free view. */
  setView(direction: Vector3): void {
    const table = this.panes.get('space')?.table;
    if (table) table.turnTo(direction, table.controls.target.clone());
  }

  /** Turn the free view by angles in radians. */
  orbit(azimuth: number, elevation: number): void {
    this.panes.get('space')?.table.orbit(azimuth, elevation);
  }

  zoomBy(factor: number): void {
    [...this.panes.values()][0]?.table.zoomBy(factor);
  }

  resize(width: number, height: number): void {
    this.renderer.setPixelRatio(softwareDrawn() ? 1 : Math.min(2, globalThis.devicePixelRatio || 1));
    this.renderer.setSize(width, height, false);
    this.painter.resize(width, height);
    this.remeasure();
  }

  /** Where the opening is labelled in a view, CSS pixels of its element, and which way leads away from the bone. */
  gapIn(name: PaneName): { x: number; y: number; outward: number } | null {
    const pane = this.panes.get(name);
    const { gap } = this.lines;
    if (!pane || !gap || !this.shown.axes || this.shown.hidden.has('tibia')) return null;
    const at = pane.project(gap.middle);
    return { ...at, outward: at.x - pane.project(gap.hinge).x };
  }

  /** Where the weight-bearing line crosses the plateau in a view. */
  loadIn(name: PaneName): { x: number; y: number } | null {
    const pane = this.panes.get(name);
    return pane && this.lines.loadPoint && this.shown.axes ? pane.project(this.lines.loadPoint) : null;
  }

  /** Where a handle is drawn in a view. */
  handleIn(handle: HandleName, name: PaneName): { x: number; y: number } | null {
    const found = this.handles.find((one) => one.name === handle);
    return found ? (this.panes.get(name)?.project(found.shown) ?? null) : null;
  }

  dispose(): void {
    this.loop.dispose();
    for (const pane of this.panes.values()) pane.dispose();
    this.painter.dispose();
    this.content.dispose();
    this.lines.dispose();
    this.dots.dispose();
    this.renderer.dispose();
    this.renderer.forceContextLoss();
  }

  /** Draw what is to be shown. */
  private refresh(): void {
    this.align();
    this.loop.request();
  }

  /** Bring meshes, lines and handles in step with what is to be shown. */
  private align(): void {
    const { plan, rests, degrees, after, hidden, landmarks, axes } = this.shown;
    this.content.place(plan, degrees, { after, rests, hidden });
    this.lines.set(plan, degrees, after, axes);
    this.handles = plan ? handlesOf(plan, degrees, after, landmarks).map((handle) => this.drag.placed(handle, plan)) : [];
    this.dots.set(this.handles, this.drag.held);
  }

  /** All views look at what one of them was moved to. */
  private follow(name: PaneName): void {
    const moved = this.panes.get(name);
    if (moved && !this.following) {
      this.touched ||= moved.table.touched;
      this.following = true;
      for (const [other, { table }] of this.panes) {
        if (other === name) continue;
        const turn = table.camera.position.clone().sub(table.controls.target).normalize();
        table.camera.zoom = moved.table.camera.zoom;
        table.look(turn, moved.table.controls.target.clone());
      }
      this.following = false;
    }
    this.loop.request();
  }

  /** The views may have moved on the page. */
  private remeasure(): void {
    this.following = true;
    for (const pane of this.panes.values()) pane.measure(this.canvas, FRAME);
    this.following = false;
    this.loop.request();
  }

  private draw(): boolean {
    const now = performance.now();
    const panes = [...this.panes.values()];
    for (const pane of panes) {
      pane.table.step(now);
      pane.aim(this.canvas.clientHeight, this.renderer.getPixelRatio());
    }
    this.painter.paint(panes, this.content);
    for (const told of this.afterDraw) told();
    return panes.some(({ table }) => table.turning);
  }
}

function kneeSphere(plan: PlanDocument): Sphere | null {
  const centre = plan.landmarks.tibia_knee_center;
  // A little below the joint line, where the cut is.
  return centre ? new Sphere(new Vector3().fromArray(centre.position).add(new Vector3(0, 0, -12)), KNEE_MM) : null;
}

function legSphere(plan: PlanDocument): Sphere | null {
  const [hip, ankle] = [plan.landmarks.hip_center, plan.landmarks.ankle_center];
  if (!hip || !ankle) return null;
  const [top, bottom] = [new Vector3().fromArray(hip.position), new Vector3().fromArray(ankle.position)];
  return new Sphere(top.clone().lerp(bottom, 0.5), (top.distanceTo(bottom) / 2) * LEG_MARGIN);
}

