import { Camera, Scene, type WebGLRenderer } from 'three';

import type { Pane } from './pane';
import { StillPicture } from './stillPicture';

/** After camera and correction have rested for so long, what they show is kept as a picture, ms. */
const REST_MS = 150;

interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Draws bones and lines in each view. A processor that draws cannot draw every triangle for each move of a slider:
 * while no camera moves, what stands still is drawn once and kept with its depth, and only what moves is drawn over
 * it. While the correction does not move anything either, as when a landmark is dragged, all bones are kept so.
 */
export class Painter {
  /** What no correction moves. */
  readonly still = new Scene();
  /** What goes with the correction. */
  readonly moving = new Scene();
  /** Lines and dots. */
  readonly marks = new Scene();

  private readonly kept: StillPicture | null;
  /** What stands still with what has moved over it. */
  private readonly keptMoved: StillPicture | null;
  private size = { width: 1, height: 1 };
  private cameras = '';
  private keptVersion = -1;
  /** Of the last frame, and of the picture that is kept. */
  private moves = -1;
  private keptMoves = -1;
  /** Whether nothing has moved for a while. */
  private resting = false;
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
    this.keptMoved = keep ? new StillPicture() : null;
    renderer.setScissorTest(true);
  }

  /** Size of the canvas, CSS pixels. */
  resize(width: number, height: number): void {
    this.size = { width, height };
    this.kept?.resize(width, height);
    this.keptMoved?.resize(width, height);
    this.cameras = '';
  }

  /** One frame; another version says that something that stands still, or that the correction moves, has changed. */
  paint(panes: readonly Pane[], { version, moves }: { version: number; moves: number }): void {
    const places = panes.map((pane) => this.placeOf(pane));
    const cameras = JSON.stringify(panes.map(({ name, camera }, i) => [name, places[i], camera.matrixWorld.elements, camera.projectionMatrix.elements]));
    const rested = cameras === this.cameras;
    this.cameras = cameras;
    // What is see-through has no depth to keep.
    const filmed = panes.some(({ film }) => film);
    if (!this.kept || !this.keptMoved || !rested || filmed) {
      this.paintAll(panes, places);
      if (this.kept && !filmed) this.waitForRest();
      return;
    }
    const views = panes.map(({ camera }, i) => ({ camera, ...(places[i] as Place) }));
    const changed = version !== this.keptVersion;
    if (changed) {
      this.keptVersion = version;
      this.kept.take(this.renderer, this.still, views);
    }
    if (changed || moves !== this.moves) {
      this.moves = moves;
      this.keptMoves = -1;
      this.waitForRest();
    } else if (this.resting && moves !== this.keptMoves) {
      // Only now: what goes on moving is drawn with less work than it is kept.
      this.keptMoves = moves;
      this.keptMoved.take(this.renderer, this.moving, views, this.kept);
    }
    const resting = moves === this.keptMoves;
    this.lookAt({ x: 0, y: 0, ...this.size });
    (resting ? this.keptMoved : this.kept).paint(this.renderer);
    this.overlay(panes, places, resting ? [this.marks] : [this.moving, this.marks]);
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.kept?.dispose();
    this.keptMoved?.dispose();
  }

  private paintAll(panes: readonly Pane[], places: readonly Place[]): void {
    this.keptVersion = -1;
    this.keptMoves = -1;
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
      this.renderer.render(this.marks, camera);
      if (film) this.ghost(false);
    });
    this.renderer.autoClear = true;
  }

  private overlay(panes: readonly Pane[], places: readonly Place[], scenes: readonly Scene[]): void {
    this.renderer.autoClear = false;
    panes.forEach(({ camera }, i) => {
      this.lookAt(places[i] as Place);
      for (const scene of scenes) this.renderer.render(scene, camera);
    });
    this.renderer.autoClear = true;
  }

  /** Pictures are made and kept when nobody waits for them, so that the next move is quick already. */
  private waitForRest(): void {
    this.resting = false;
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      this.resting = true;
      this.redraw();
    }, REST_MS);
  }

  private lookAt({ x, y, width, height }: Place): void {
    this.renderer.setViewport(x, y, width, height);
    this.renderer.setScissor(x, y, width, height);
  }

  private placeOf({ box }: Pane): Place {
    return { x: box.x, y: this.size.height - box.y - box.height, width: box.width, height: box.height };
  }
}
