import { type Camera, MOUSE, type OrthographicCamera, Ray, type Sphere, TOUCH, Vector3 } from 'three';

import { Turntable } from '../turntable';
import { Film, type FilmImage } from './film';
import { LAYERS, type PaneName, paneDirection, TURNING_PANES } from './panes';

/** One of the linked views: its element, its camera, and where it lies on the canvas. */
export class Pane {
  readonly table: Turntable;
  /** CSS pixels from the top left of the canvas. */
  box = { x: 0, y: 0, width: 1, height: 1 };
  /** The X-ray under it, by whose camera it is seen then. */
  film: Film | null = null;
  private readonly watch: ResizeObserver;

  constructor(
    readonly name: PaneName,
    readonly element: HTMLElement,
    private readonly side: 'L' | 'R',
    changed: () => void,
    resized: () => void,
  ) {
    this.watch = new ResizeObserver(resized);
    this.watch.observe(element);
    this.table = new Turntable(element, changed);
    const { controls, camera } = this.table;
    controls.minZoom = 0.08;
    camera.layers.enable(name === 'axial' ? LAYERS.axialOnly : LAYERS.notAxial);
    if (TURNING_PANES.includes(name)) camera.layers.enable(LAYERS.turns);
    if (name === 'space') return;
    // An anatomical view is moved and magnified, never turned.
    controls.enableRotate = false;
    controls.mouseButtons.LEFT = MOUSE.PAN;
    controls.touches.ONE = TOUCH.PAN;
    this.table.calm = true;
  }

  get camera(): OrthographicCamera | Film['camera'] {
    return this.film?.camera ?? this.table.camera;
  }

  /** From the bones to who looks at this view, before anybody turns it. */
  get home(): Vector3 {
    return this.film?.camera.towardsViewer.clone() ?? paneDirection(this.name, this.side);
  }

  /** Put an X-ray under the view, or take it away with null. */
  setFilm(image: FilmImage | null): void {
    if (this.film?.image.id === image?.id) return;
    this.film?.dispose();
    this.film = image && new Film(image);
    this.film?.camera.layers.enable(LAYERS.notAxial);
    this.table.look(this.home, this.table.controls.target.clone());
  }

  /** The film where the view is moved to; `canvasHeight` in CSS pixels of `ratio` device pixels. */
  aim(canvasHeight: number, ratio: number): void {
    const { camera, controls } = this.table;
    const perMm = (this.box.width * camera.zoom) / (camera.right - camera.left);
    this.film?.aim(controls.target, perMm, this.box, canvasHeight, ratio);
  }

  /** Where a point lies in the view, CSS pixels from its top left. */
  project(point: Vector3): { x: number; y: number } {
    const at = projected(point, this.camera);
    return { x: ((at.x + 1) / 2) * this.box.width, y: ((1 - at.y) / 2) * this.box.height };
  }

  /** What lies under a point of the view, from the viewer away. */
  ray(x: number, y: number): Ray {
    const end = (depth: number): Vector3 =>
      new Vector3((x / this.box.width) * 2 - 1, 1 - (y / this.box.height) * 2, depth)
        .applyMatrix4(this.camera.projectionMatrixInverse)
        .applyMatrix4(this.camera.matrixWorld);
    const near = end(-1);
    return new Ray(near, end(1).sub(near).normalize());
  }

  measure(canvas: HTMLCanvasElement, bounds: Sphere): void {
    const [own, whole] = [this.element.getBoundingClientRect(), canvas.getBoundingClientRect()];
    this.box = { x: own.left - whole.left, y: own.top - whole.top, width: own.width, height: own.height };
    if (own.width > 0 && own.height > 0) this.table.fit(own.width, own.height, bounds);
  }

  dispose(): void {
    this.watch.disconnect();
    this.film?.dispose();
    this.table.dispose();
  }
}

function projected(point: Vector3, camera: Camera): Vector3 {
  return point.clone().applyMatrix4(camera.matrixWorldInverse).applyMatrix4(camera.projectionMatrix);
}
