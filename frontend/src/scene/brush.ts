import { Group, Mesh, MeshLambertMaterial, MOUSE, type Object3D, Raycaster, SphereGeometry, TOUCH, Vector2 } from 'three';

import { farEnough, type Stroke } from '../domain/painting';
import type { Turntable } from './turntable';

const COLOURS = { add: '#4fbf7f', remove: '#e0655a' } as const;
const OPACITY = 0.5;

/** What the hand holds: a brush of so many mm that adds contact or takes it away. */
export interface Brushing {
  radius: number;
  add: boolean;
  /** Told the strokes of one drag when the hand lifts. */
  done: (drawn: Stroke[]) => void;
}

/**
 * Painting on a bone with the first button or one finger; the other button or two fingers turn meanwhile. Strokes are
 * shown as balls, of which the part outside the bone is seen.
 */
export class Brush {
  readonly group = new Group();
  private readonly raycaster = new Raycaster();
  private readonly ball = new SphereGeometry(1, 20, 14);
  private readonly materials = {
    add: new MeshLambertMaterial({ color: COLOURS.add, transparent: true, opacity: OPACITY, depthWrite: false }),
    remove: new MeshLambertMaterial({ color: COLOURS.remove, transparent: true, opacity: OPACITY, depthWrite: false }),
  };
  private brushing: Brushing | null = null;
  private drawn: Stroke[] | null = null;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly table: Turntable,
    private readonly bone: () => Object3D | undefined,
    private readonly changed: () => void,
  ) {
    canvas.addEventListener('pointerdown', this.down);
    canvas.addEventListener('pointermove', this.move);
    canvas.addEventListener('pointercancel', this.drop);
    globalThis.addEventListener('pointerup', this.up);
  }

  get active(): boolean {
    return this.brushing !== null;
  }

  /** Take a brush in hand, or put it down with null. */
  hold(brushing: Brushing | null): void {
    this.brushing = brushing;
    const { controls } = this.table;
    controls.mouseButtons.LEFT = brushing ? null : MOUSE.ROTATE;
    controls.mouseButtons.RIGHT = brushing ? MOUSE.ROTATE : MOUSE.PAN;
    controls.touches.ONE = brushing ? null : TOUCH.ROTATE;
    controls.touches.TWO = brushing ? TOUCH.DOLLY_ROTATE : TOUCH.DOLLY_PAN;
    this.canvas.style.cursor = brushing ? 'crosshair' : '';
  }

  show(strokes: readonly Stroke[]): void {
    this.group.clear();
    for (const stroke of strokes) this.add(stroke);
    this.changed();
  }

  dispose(): void {
    this.canvas.removeEventListener('pointerdown', this.down);
    this.canvas.removeEventListener('pointermove', this.move);
    this.canvas.removeEventListener('pointercancel', this.drop);
    globalThis.removeEventListener('pointerup', this.up);
    this.ball.dispose();
    for (const material of Object.values(this.materials)) material.dispose();
  }

  private readonly down = (event: PointerEvent): void => {
    if (!this.brushing || event.button !== 0 || !event.isPrimary) return;
    this.drawn = [];
    this.dab(event);
  };

  private readonly move = (event: PointerEvent): void => {
    if (this.drawn && event.isPrimary) this.dab(event);
  };

  private readonly up = (event: PointerEvent): void => {
    if (!this.drawn || !event.isPrimary) return;
    const { drawn } = this;
    this.drawn = null;
    if (drawn.length > 0) this.brushing?.done(drawn);
  };

  private readonly drop = (): void => {
    this.drawn = null;
  };

  private dab(event: PointerEvent): void {
    const { brushing, drawn } = this;
    const bone = this.bone();
    if (!brushing || !drawn || !bone) return;
    const pane = this.canvas.getBoundingClientRect();
    const at = new Vector2((2 * (event.clientX - pane.left)) / pane.width - 1, 1 - (2 * (event.clientY - pane.top)) / pane.height);
    this.raycaster.setFromCamera(at, this.table.camera);
    const hit = this.raycaster.intersectObject(bone, true)[0];
    if (!hit) return;
    const centre = hit.point.toArray();
    if (!farEnough(drawn.at(-1), centre, brushing.radius)) return;
    const stroke = { centre, radius_mm: brushing.radius, add: brushing.add };
    drawn.push(stroke);
    this.add(stroke);
    this.changed();
  }

  private add({ centre, radius_mm, add }: Stroke): void {
    const mesh = new Mesh(this.ball, this.materials[add ? 'add' : 'remove']);
    mesh.position.fromArray(centre);
    mesh.scale.setScalar(radius_mm);
    mesh.renderOrder = 3;
    this.group.add(mesh);
  }
}
