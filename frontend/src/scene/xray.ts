import { Camera, WebGLRenderer } from 'three';

import type { Placement } from '../domain/placement';
import type { Window } from '../domain/windowing';
import { RenderLoop } from './loop';
import { XrayPicture } from './xrayPicture';

/** One 16-bit X-ray on a canvas; window, level and placement are uniforms of its shader. */
export class XrayScene {
  private readonly renderer: WebGLRenderer;
  private readonly camera = new Camera();
  private readonly picture = new XrayPicture();
  private readonly loop = new RenderLoop(() => this.draw());
  private ratio = 1;
  private height = 1;

  constructor(canvas: HTMLCanvasElement) {
    this.renderer = new WebGLRenderer({ canvas, alpha: true, antialias: false, depth: false });
    this.renderer.setClearColor(0x000000, 0);
  }

  /** `pixels`: rows x columns, row by row from the top, bright = bone. */
  setImage(pixels: Uint16Array, columns: number, rows: number): void {
    this.picture.setImage(pixels, columns, rows);
    this.loop.request();
  }

  setWindow(window: Window): void {
    this.picture.setWindow(window);
    this.loop.request();
  }

  setInverted(inverted: boolean): void {
    this.picture.setInverted(inverted);
    this.loop.request();
  }

  setPlacement(placement: Placement): void {
    this.picture.place(placement, this.height, this.ratio);
    this.loop.request();
  }

  /** Size of the pane in CSS pixels. Call `setPlacement` afterwards. */
  resize(width: number, height: number): void {
    this.ratio = Math.min(2, globalThis.devicePixelRatio || 1);
    this.renderer.setPixelRatio(this.ratio);
    this.renderer.setSize(width, height, false);
    // As many device pixels as the canvas has, which are whole.
    this.height = this.renderer.domElement.height / this.ratio;
    this.loop.request();
  }

  dispose(): void {
    this.loop.dispose();
    this.picture.dispose();
    this.renderer.dispose();
    this.renderer.forceContextLoss();
  }

  private draw(): boolean {
    if (this.picture.ready) this.renderer.render(this.picture.scene, this.camera);
    return false;
  }
}
