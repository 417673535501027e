import {
  DataTexture,
  GLSL3,
  NearestFilter,
  RawShaderMaterial,
  RedIntegerFormat,
  Scene,
  UnsignedShortType,
  Vector2,
} from 'three';

import type { Placement } from '../domain/placement';
import type { Window } from '../domain/windowing';
import { COVER_VERTEX, cover } from './cover';

// Integer textures cannot be filtered by the hardware, so the four neighbours are mixed here, after windowing
// would be wrong (it clips) and before it is right: on the stored values.
const FRAGMENT = /* glsl */ `
precision highp float;
precision highp int;
precision highp usampler2D;
uniform usampler2D image;
uniform vec2 extent;      // columns, rows
uniform vec2 origin;      // centre of the first pixel, device pixels from the top left
uniform float scale;      // device pixels an image pixel
uniform float paneHeight; // device pixels
uniform vec2 window;      // center, width
uniform bool inverted;
out vec4 colour;

float stored(ivec2 at) {
  return float(texelFetch(image, clamp(at, ivec2(0), ivec2(extent) - 1), 0).r);
}

void main() {
  vec2 screen = vec2(gl_FragCoord.x, paneHeight - gl_FragCoord.y);
  vec2 pixel = (screen - origin) / scale;
  if (any(lessThan(pixel, vec2(-0.5))) || any(greaterThan(pixel, extent - 0.5))) {
    colour = vec4(0.0);
    return;
  }
  ivec2 base = ivec2(floor(pixel));
  vec2 part = pixel - vec2(base);
  float value = mix(
    mix(stored(base), stored(base + ivec2(1, 0)), part.x),
    mix(stored(base + ivec2(0, 1)), stored(base + ivec2(1, 1)), part.x),
    part.y);
  float grey = clamp((value - window.x) / window.y + 0.5, 0.0, 1.0);
  if (inverted) grey = 1.0 - grey;
  colour = vec4(vec3(grey), 1.0);
}
`;

/** A 16-bit X-ray as a scene that fills the viewport it is drawn in, under everything that comes after it. */
export class XrayPicture {
  readonly scene = new Scene();
  private readonly material: RawShaderMaterial;
  private readonly picture: ReturnType<typeof cover>;
  private texture: DataTexture | null = null;

  constructor() {
    this.material = new RawShaderMaterial({
      glslVersion: GLSL3,
      vertexShader: COVER_VERTEX,
      fragmentShader: FRAGMENT,
      depthTest: false,
      depthWrite: false,
      uniforms: {
        image: { value: null },
        extent: { value: new Vector2(1, 1) },
        origin: { value: new Vector2() },
        scale: { value: 1 },
        paneHeight: { value: 1 },
        window: { value: new Vector2(32768, 65535) },
        inverted: { value: false },
      },
    });
    this.picture = cover(this.material);
    this.scene.add(this.picture);
  }

  get ready(): boolean {
    return this.texture !== null;
  }

  /** `pixels`: rows x columns, row by row from the top, bright = bone. */
  setImage(pixels: Uint16Array, columns: number, rows: number): void {
    this.texture?.dispose();
    const texture = new DataTexture(pixels, columns, rows, RedIntegerFormat, UnsignedShortType);
    texture.internalFormat = 'R16UI';
    texture.minFilter = NearestFilter;
    texture.magFilter = NearestFilter;
    texture.unpackAlignment = 2;
    texture.needsUpdate = true;
    this.texture = texture;
    this.uniform('image').value = texture;
    (this.uniform('extent').value as Vector2).set(columns, rows);
  }

  setWindow(window: Window): void {
    (this.uniform('window').value as Vector2).set(window.center, window.width);
  }

  setInverted(inverted: boolean): void {
    this.uniform('inverted').value = inverted;
  }

  /** Where the image lies on the canvas, and how high the canvas is: CSS pixels, of `ratio` device pixels each. */
  place(placement: Placement, canvasHeight: number, ratio: number): void {
    (this.uniform('origin').value as Vector2).set(placement.left * ratio, placement.top * ratio);
    this.uniform('scale').value = placement.scale * ratio;
    this.uniform('paneHeight').value = canvasHeight * ratio;
  }

  dispose(): void {
    this.texture?.dispose();
    this.picture.geometry.dispose();
    this.material.dispose();
  }

  private uniform(name: string): { value: unknown } {
    const uniform = this.material.uniforms[name];
    if (!uniform) throw new Error(`the X-ray shader has no uniform ${name}`);
    return uniform;
  }
}
