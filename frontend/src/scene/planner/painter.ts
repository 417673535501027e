import { Camera, Scene, type WebGLRenderer } from 'three';

import type { Pane } from './pane';
import { StillPicture } from './stillPicture';

/** After a camera has rested for so long, what stands still is kept as a picture, ms. */
const REST_MS = 150;

interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Draws what stands still and what moves in each view. A processor that draws cannot draw every triangle for each move
 * of a slider: while no camera moves, what stands still is drawn once and kept with its depth, and only what moves is
 * drawn over it.
 */
export class Painter {
  /** What no correction moves. */
  readonly still = new Scene();
  /** What goes with the correction, and lines and dots over everything. */
  readonly moving = new Scene();

  private readonly kept: StillPicture | null;
  private size = { width: 1, height: 1 };
  private cameras = '';
  private keptVersion = -1;
  private timer = 0;
  /** A film fills its view, whoever looks. */
  private readonly nobody = new Camera();

  /**
   * @param keep whether to keep what stands still.
   * @param redraw asks for another frame.
   * @param ghost makes the bones see-through, or solid again.
   */
  constructor(
    private readonly renderer: WebGLRenderer,
    keep: boolean,
    private readonly redraw: () => void,
    private readonly ghost: (on: boolean) => void,
  ) {
    this.kept = keep ? new StillPicture() : null;
    renderer.setScissorTest(true);
  }

  /** Size of the canvas, CSS pixels. */
  resize(width: number, height: number): void {
    this.size = { width, height };
    this.kept?.resize(width, height);
    this.cameras = '';
  }

  /** One frame; another `version` says that something that stands still has changed. */
  paint(panes: readonly Pane[], version: number): void {
    const places = panes.map((pane) => this.placeOf(pane));
    const cameras = JSON.stringify(panes.map(({ name, camera }, i) => [name, places[i], camera.matrixWorld.elements, camera.projectionMatrix.elements]));
    const rested = cameras === this.cameras;
    this.cameras = cameras;
    // What is see-through has no depth to keep.
    const filmed = panes.some(({ film }) => film);
    if (!this.kept || !rested || filmed) {
      this.paintAll(panes, places);
      if (this.kept && !filmed) this.waitForRest();
      return;
    }
    if (version !== this.keptVersion) {
      this.keptVersion = version;
      this.kept.take(this.renderer, this.still, panes.map(({ camera }, i) => ({ camera, ...(places[i] as Place) })));
    }
    this.lookAt({ x: 0, y: 0, ...this.size });
    this.kept.paint(this.renderer);
    this.overlay(panes, places);
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.kept?.dispose();
  }

  private paintAll(panes: readonly Pane[], places: readonly Place[]): void {
    this.keptVersion = -1;
    this.lookAt({ x: 0, y: 0, ...this.size });
    this.renderer.clear();
    this.renderer.autoClear = false;
    panes.forEach(({ camera, film }, i) => {
      this.lookAt(places[i] as Place);
      if (film) {
        this.renderer.render(film.scene, this.nobody);
        this.ghost(true);
      }
      this.renderer.render(this.still, camera);
      this.renderer.render(this.moving, camera);
      if (film) this.ghost(false);
    });
    this.renderer.autoClear = true;
  }

  private overlay(panes: readonly Pane[], places: readonly Place[]): void {
    this.renderer.autoClear = false;
    panes.forEach(({ camera }, i) => {
      this.lookAt(places[i] as Place);
      this.renderer.render(this.moving, camera);
    });
    this.renderer.autoClear = true;
  }

  /** The picture of what stands still is made when nobody waits for it, so that the next move is quick already. */
  private waitForRest(): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(this.redraw, REST_MS);
  }

  private lookAt({ x, y, width, height }: Place): void {
    this.renderer.setViewport(x, y, width, height);
    this.renderer.setScissor(x, y, width, height);
  }

  private placeOf({ box }: Pane): Place {
    return { x: box.x, y: this.size.height - box.y - box.height, width: box.width, height: box.height };
  }
}
