import { Camera, Matrix4, Vector3 } from 'three';

import type { Placement } from '../../domain/placement';
import type { Window } from '../../domain/windowing';
import { XrayPicture } from '../xrayPicture';

/** How far before and behind the point that is looked at something is drawn, mm. */
const REACH_MM = 400;

/** An X-ray of the case with its camera. */
export interface FilmImage {
  readonly id: string;
  /** (3, 4): patient LPS millimetres to (column, row), the centre of the first pixel at (0, 0). */
  readonly projection: readonly (readonly number[])[];
  readonly columns: number;
  readonly rows: number;
  readonly pixels: Uint16Array;
  readonly window: Window;
}

/** Where a view lies on the canvas, CSS pixels from its top left. */
interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * The camera of an X-ray, as somebody looks at the film: from the side of the detector, with what lies there in front.
 * It can be aimed as the parallel views are, at a point and with so many pixels a millimetre there.
 */
export class FilmCamera extends Camera {
  /** From the bones to who looks at the film, unit. */
  readonly towardsViewer: Vector3;
  /** To the right on the film, unit. */
  readonly rightwards: Vector3;
  private readonly lines: readonly [number[], number[], number[]];
  private readonly focalPixels: number;

  constructor(projection: FilmImage['projection']) {
    super();
    this.matrixAutoUpdate = false;
    this.matrixWorldAutoUpdate = false;
    const third = (projection[2] ?? []) as number[];
    // In these units the third line is the distance from the source along the central ray, mm.
    const length = Math.hypot(third[0] as number, third[1] as number, third[2] as number);
    const unit = (third[3] as number) < 0 ? -length : length;
    this.lines = projection.map((line) => line.map((x) => x / unit)) as [number[], number[], number[]];
    const [across, , along] = this.lines.map((line) => new Vector3().fromArray(line)) as [Vector3, Vector3, Vector3];
    this.towardsViewer = along;
    const slope = across.clone().addScaledVector(along, -across.dot(along));
    this.focalPixels = slope.length();
    this.rightwards = slope.normalize();
  }

  /**
   * Look at a point with so many CSS pixels a millimetre of a plane through it that is parallel to the film.
   *
   * @returns where the film lies in a view of this size.
   */
  aim(target: Vector3, perMm: number, width: number, height: number): Placement {
    const [first, second, third] = this.lines;
    const distance = apply(third, target);
    const [column, row] = [apply(first, target) / distance, apply(second, target) / distance];
    const scale = (perMm * distance) / this.focalPixels;
    const reach = Math.min(REACH_MM, 0.9 * distance);
    // What is nearer to the viewer is farther from the source: -1 there, and 1 at the source's end.
    const b = 2 / (1 / (distance - reach) - 1 / (distance + reach));
    const a = 1 - b / (distance - reach);
    const [sx, sy] = [(2 * scale) / width, (2 * scale) / height];
    const clip = new Matrix4().set(
      ...(mixed(first, sx, third, -sx * column) as Line),
      ...(mixed(second, -sy, third, sy * row) as Line),
      ...(third.map((x, i) => a * x + (i === 3 ? b : 0)) as Line),
      ...(third as Line),
    );
    const up = this.towardsViewer.clone().cross(this.rightwards);
    this.matrixWorld.makeBasis(this.rightwards, up, this.towardsViewer).setPosition(target);
    this.matrixWorldInverse.copy(this.matrixWorld).invert();
    this.projectionMatrix.multiplyMatrices(clip, this.matrixWorld);
    this.projectionMatrixInverse.copy(this.projectionMatrix).invert();
    return { scale, left: width / 2 - scale * column, top: height / 2 - scale * row };
  }

  /** The letters at the left and the right edge of the film: where the patient's sides are. */
  get edges(): readonly [string, string] {
    const { x, y } = this.rightwards;
    if (Math.abs(x) >= Math.abs(y)) return x > 0 ? ['R', 'L'] : ['L', 'R'];
    return y > 0 ? ['A', 'P'] : ['P', 'A'];
  }
}

type Line = [number, number, number, number];

function apply(line: readonly number[], { x, y, z }: Vector3): number {
  const [a = 0, b = 0, c = 0, d = 0] = line;
  return a * x + b * y + c * z + d;
}

function mixed(one: readonly number[], share: number, other: readonly number[], rest: number): number[] {
  return one.map((x, i) => x * share + (other[i] as number) * rest);
}

/** An X-ray under one of the views, seen by its own camera. */
export class Film {
  readonly camera: FilmCamera;
  private readonly picture = new XrayPicture();

  constructor(readonly image: FilmImage) {
    this.camera = new FilmCamera(image.projection);
    this.picture.setImage(image.pixels, image.columns, image.rows);
    this.picture.setWindow(image.window);
  }

  get scene(): XrayPicture['scene'] {
    return this.picture.scene;
  }

  /** Aim camera and picture; `canvasHeight` in CSS pixels of `ratio` device pixels. */
  aim(target: Vector3, perMm: number, box: Box, canvasHeight: number, ratio: number): void {
    const { scale, left, top } = this.camera.aim(target, perMm, box.width, box.height);
    this.picture.place({ scale, left: left + box.x, top: top + box.y }, canvasHeight, ratio);
  }

  dispose(): void {
    this.picture.dispose();
  }
}
