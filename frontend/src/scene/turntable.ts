import { OrthographicCamera, Sphere, Vector3 } from 'three';
import { OrbitControls } from 'three/examples/jsm/controls/OrbitControls.js';

/** From the target to the camera, mm; an orthographic picture does not depend on it. */
const CAMERA_DISTANCE = 1500;
const TURN_MS = 260;

interface Turn {
  start: number;
  from: Vector3;
  to: Vector3;
  fromTarget: Vector3;
  toTarget: Vector3;
  fromZoom: number;
  toZoom: number;
}

/**
 * An orthographic camera that turns about what it looks at and keeps the leg upright: by the hand on an element, by
 * angles, or by itself towards a view. Positions are patient LPS millimetres.
 */
export class Turntable {
  readonly camera = new OrthographicCamera(-1, 1, 1, -1, 1, 2 * CAMERA_DISTANCE);
  readonly controls: OrbitControls;
  /** Whether somebody has looked elsewhere than the scene proposed. */
  touched = false;
  /** Whether a hand is turning it now. */
  moving = false;
  /** Jump to views in place of turning to them. */
  calm = globalThis.matchMedia?.('(prefers-reduced-motion: reduce)').matches ?? false;

  private turn: Turn | null = null;
  private pane = { width: 1, height: 1 };

  constructor(
    element: HTMLElement,
    private readonly changed: () => void,
  ) {
    this.camera.up.set(0, 0, 1);
    this.controls = new OrbitControls(this.camera, element);
    this.controls.enableDamping = false;
    this.controls.zoomToCursor = true;
    this.controls.minZoom = 0.3;
    this.controls.maxZoom = 20;
    this.controls.addEventListener('change', changed);
    this.controls.addEventListener('start', () => {
      this.turn = null;
      this.moving = true;
      this.touched = true;
    });
    this.controls.addEventListener('end', () => {
      this.moving = false;
      changed();
    });
  }

  get turning(): boolean {
    return this.turn !== null;
  }

  /** Width and height of the picture in CSS pixels; the whole of `bounds` fits at zoom 1. */
  fit(width: number, height: number, bounds: Sphere): void {
    this.pane = { width, height };
    const half = bounds.radius * 1.04;
    const aspect = width / height;
    const [x, y] = aspect >= 1 ? [half * aspect, half] : [half, half / aspect];
    this.camera.left = -x;
    this.camera.right = x;
    this.camera.top = y;
    this.camera.bottom = -y;
    this.camera.updateProjectionMatrix();
    this.changed();
  }

  /** Look at `target` from `direction`, at once. */
  look(direction: Vector3, target: Vector3): void {
    this.controls.target.copy(target);
    this.camera.position.copy(direction).multiplyScalar(CAMERA_DISTANCE).add(target);
    this.camera.lookAt(target);
    this.camera.updateProjectionMatrix();
    this.controls.update();
    this.changed();
  }

  /** Turn there within a quarter of a second; `step` moves it on. */
  turnTo(direction: Vector3, target: Vector3, zoom = this.camera.zoom): void {
    if (this.calm) {
      this.camera.zoom = zoom;
      this.look(direction, target.clone());
      return;
    }
    this.turn = {
      start: performance.now(),
      from: this.direction(),
      to: direction.clone(),
      fromTarget: this.controls.target.clone(),
      toTarget: target.clone(),
      fromZoom: this.camera.zoom,
      toZoom: zoom,
    };
    this.changed();
  }

  /** Before each frame: a turn that is under way goes on. */
  step(now: number): void {
    const turn = this.turn;
    if (!turn) return;
    const linear = Math.min(1, (now - turn.start) / TURN_MS);
    const eased = 1 - (1 - linear) ** 3;
    // About the leg and up or down separately, so that the leg stays upright on the way.
    const [a0, e0] = spherical(turn.from);
    const [a1, e1] = spherical(turn.to);
    const azimuth = a0 + Math.atan2(Math.sin(a1 - a0), Math.cos(a1 - a0)) * eased;
    const elevation = e0 + (e1 - e0) * eased;
    const level = Math.cos(elevation);
    const direction = new Vector3(level * Math.cos(azimuth), level * Math.sin(azimuth), Math.sin(elevation));
    this.camera.zoom = turn.fromZoom * (turn.toZoom / turn.fromZoom) ** eased;
    if (linear >= 1) this.turn = null;
    this.look(linear >= 1 ? turn.to : direction, turn.fromTarget.clone().lerp(turn.toTarget, eased));
  }

  /** Turn by angles in radians, for the keyboard. */
  orbit(azimuth: number, elevation: number): void {
    this.turn = null;
    const offset = this.direction();
    const right = new Vector3().crossVectors(this.camera.up, offset).normalize();
    const turned = offset.clone().applyAxisAngle(right, -elevation);
    if (Math.abs(turned.z) < 0.999) offset.copy(turned);
    offset.applyAxisAngle(this.camera.up, azimuth);
    this.look(offset, this.controls.target.clone());
  }

  zoomBy(factor: number): void {
    const { minZoom, maxZoom } = this.controls;
    this.camera.zoom = Math.min(maxZoom, Math.max(minZoom, this.camera.zoom * factor));
    this.camera.updateProjectionMatrix();
    this.changed();
  }

  /** Where a point lies in the picture, CSS pixels. */
  project(point: Vector3): { x: number; y: number } {
    const at = point.clone().project(this.camera);
    return { x: ((at.x + 1) / 2) * this.pane.width, y: ((1 - at.y) / 2) * this.pane.height };
  }

  dispose(): void {
    this.controls.dispose();
  }

  /** From the target to the camera, unit. */
  direction(): Vector3 {
    return this.camera.position.clone().sub(this.controls.target).normalize();
  }
}

function spherical(direction: Vector3): [number, number] {
  return [Math.atan2(direction.y, direction.x), Math.asin(Math.max(-1, Math.min(1, direction.z)))];
}
