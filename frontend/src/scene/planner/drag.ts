import { Plane, Vector3 } from 'three';

import type { PlanDocument } from '../../domain/plan';
import type { PlanContent } from './content';
import { AXIS_HANDLE, type Handle, type HandleName } from './handles';
import type { Pane } from './pane';
import { type PaneName, TURNING_PANES } from './panes';

/** How near a pointer must come to a handle, CSS pixels. */
const REACH = { mouse: 10, touch: 24 } as const;

/** A handle on its way. */
export interface Dragged {
  readonly name: HandleName;
  /** Where it is now, on the bone before the correction, mm. */
  readonly place: readonly number[];
  /** By how much it has moved since it was taken hold of, mm. */
  readonly moved: readonly number[];
  /** The hand has let go. */
  readonly done: boolean;
}

interface Owner {
  /** Whether handles may be taken hold of at all. */
  mayHold: () => boolean;
  /** What the handles belong to now. */
  plan: () => PlanDocument | null;
  handles: () => readonly Handle[];
  /** A handle was taken hold of or let go. */
  onHold: () => void;
  onDrag: (dragged: Dragged) => void;
  onHover: (name: HandleName | null, pane: PaneName) => void;
}

/** Takes hold of handles in the views and moves them: along the surface of their bone, or in the plane of the view. */
export class HandleDrag {
  held: HandleName | null = null;
  private from = new Vector3();
  private last = new Vector3();
  /** From the pointer to the handle when it was taken hold of, CSS pixels: it moves, it does not jump. */
  private offset = { x: 0, y: 0 };
  private hovered: HandleName | null = null;
  /** Let go, but the plan that follows from it is not there yet. */
  private waiting: { name: HandleName; plan: PlanDocument | null } | null = null;

  constructor(
    private readonly content: PlanContent,
    private readonly owner: Owner,
  ) {}

  /** A handle in the hand is where the hand is, and stays there until a newer plan than `plan` says where it is. */
  placed(handle: Handle, plan: PlanDocument): Handle {
    if (this.waiting && (this.waiting.plan !== plan || this.held)) this.waiting = null;
    if (this.held === handle.name || this.waiting?.name === handle.name) {
      return { ...handle, shown: this.last.clone().applyMatrix4(handle.motion) };
    }
    return handle;
  }

  /** Hear the pointer before the camera does: who holds a handle does not turn the view. */
  listen(pane: Pane): void {
    const { element } = pane;
    element.addEventListener('pointerdown', (event) => this.take(event, pane), { capture: true });
    element.addEventListener('pointermove', (event) => (this.held ? this.move(event, pane, false) : this.hover(event, pane)), { capture: true });
    for (const end of ['pointerup', 'pointercancel'] as const) {
      element.addEventListener(end, (event) => this.held && this.move(event, pane, true), { capture: true });
    }
    element.addEventListener('pointerleave', () => this.setHovered(null, pane));
  }

  private take(event: PointerEvent, pane: Pane): void {
    const handle = event.button === 0 && !event.shiftKey && this.owner.mayHold() ? this.under(event, pane) : null;
    if (!handle) return;
    event.stopImmediatePropagation();
    event.preventDefault();
    pane.element.focus({ preventScroll: true });
    pane.element.setPointerCapture(event.pointerId);
    this.held = handle.name;
    this.from = handle.shown.clone().applyMatrix4(handle.motion.clone().invert());
    this.last.copy(this.from);
    const [drawn, at] = [pane.project(handle.shown), within(event, pane)];
    this.offset = { x: drawn.x - at.x, y: drawn.y - at.y };
    this.setHovered(handle.name, pane);
    this.owner.onHold();
  }

  private move(event: PointerEvent, pane: Pane, done: boolean): void {
    event.stopImmediatePropagation();
    const handle = this.owner.handles().find((one) => one.name === this.held);
    const place = handle && !done ? this.placeUnder(event, pane, handle) : null;
    if (place) this.last.copy(place);
    const name = this.held;
    if (done) {
      this.held = null;
      this.waiting = name ? { name, plan: this.owner.plan() } : null;
    }
    if (name && (place || done)) {
      this.owner.onDrag({ name, place: this.last.toArray(), moved: this.last.clone().sub(this.from).toArray(), done });
    }
    if (done) this.owner.onHold();
  }

  /** Where the pointer puts a handle; null beside its bone, where it stays. */
  private placeUnder(event: PointerEvent, pane: Pane, handle: Handle): Vector3 | null {
    const at = within(event, pane);
    const ray = pane.ray(at.x + this.offset.x, at.y + this.offset.y);
    if (handle.on.length > 0) return this.content.hit(ray, pane.camera.layers.mask, handle.on)?.place ?? null;
    const plane = new Plane().setFromNormalAndCoplanarPoint(pane.table.direction(), handle.shown);
    return ray.intersectPlane(plane, new Vector3())?.applyMatrix4(handle.motion.clone().invert()) ?? null;
  }

  private hover(event: PointerEvent, pane: Pane): void {
    if (event.buttons === 0) this.setHovered(this.under(event, pane)?.name ?? null, pane);
  }

  private setHovered(name: HandleName | null, pane: Pane): void {
    pane.element.style.cursor = name ? 'grab' : '';
    if (name === this.hovered) return;
    this.hovered = name;
    this.owner.onHover(name, pane.name);
  }

  /** The nearest handle within reach; the grips of the cut come before landmarks, because they lie over them. */
  private under(event: PointerEvent, pane: Pane): Handle | null {
    const at = within(event, pane);
    let nearest: Handle | null = null;
    let least: number = event.pointerType === 'touch' ? REACH.touch : REACH.mouse;
    for (const handle of this.owner.handles()) {
      if (pane.name === 'axial' && handle.provenance !== 'cut') continue;
      if (handle.name === AXIS_HANDLE && !TURNING_PANES.includes(pane.name)) continue;
      const drawn = pane.project(handle.shown);
      const distance = Math.hypot(drawn.x - at.x, drawn.y - at.y) - (handle.provenance === 'cut' ? 3 : 0);
      if (distance < least) [nearest, least] = [handle, distance];
    }
    return nearest;
  }
}

/** Where the pointer is in a view, CSS pixels. */
function within(event: PointerEvent, pane: Pane): { x: number; y: number } {
  const box = pane.element.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}
