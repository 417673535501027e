import { MOUSE, type Sphere, TOUCH } from 'three';

import { Turntable } from '../turntable';
import { LAYERS, type PaneName } from './panes';

/** One of the linked views: its element, its camera, and where it lies on the canvas. */
export class Pane {
  readonly table: Turntable;
  /** CSS pixels from the top left of the canvas. */
  box = { x: 0, y: 0, width: 1, height: 1 };
  private readonly watch: ResizeObserver;

  constructor(
    readonly name: PaneName,
    readonly element: HTMLElement,
    changed: () => void,
    resized: () => void,
  ) {
    this.watch = new ResizeObserver(resized);
    this.watch.observe(element);
    this.table = new Turntable(element, changed);
    const { controls, camera } = this.table;
    controls.minZoom = 0.08;
    camera.layers.enable(name === 'axial' ? LAYERS.axialOnly : LAYERS.notAxial);
    if (name === 'space') return;
    // An anatomical view is moved and magnified, never turned.
    controls.enableRotate = false;
    controls.mouseButtons.LEFT = MOUSE.PAN;
    controls.touches.ONE = TOUCH.PAN;
    this.table.calm = true;
  }

  measure(canvas: HTMLCanvasElement, bounds: Sphere): void {
    const [own, whole] = [this.element.getBoundingClientRect(), canvas.getBoundingClientRect()];
    this.box = { x: own.left - whole.left, y: own.top - whole.top, width: own.width, height: own.height };
    if (own.width > 0 && own.height > 0) this.table.fit(own.width, own.height, bounds);
  }

  dispose(): void {
    this.watch.disconnect();
    this.table.dispose();
  }
}
