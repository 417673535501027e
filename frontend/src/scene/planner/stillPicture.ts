import {
  AlwaysDepth,
  Camera,
  DepthTexture,
  GLSL3,
  NearestFilter,
  RawShaderMaterial,
  Scene,
  UnsignedIntType,
  type WebGLRenderer,
  WebGLRenderTarget,
} from 'three';

import { COVER_VERTEX, cover } from '../cover';

// Its depth comes with it, so that what moves can pass behind what stands still.
const FRAGMENT = /* glsl */ `
precision highp float;
precision highp sampler2D;
uniform sampler2D colour;
uniform sampler2D depth;
out vec4 seen;
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  float far = texelFetch(depth, at, 0).r;
  if (far >= 1.0) discard;
  gl_FragDepth = far;
  seen = texelFetch(colour, at, 0);
}
`;

/** Where a camera's picture lies on the canvas, pixels from the bottom left. */
export interface Framed {
  readonly camera: Camera;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Colour and depth of what does not change from frame to frame, as large as the canvas. */
export class StillPicture {
  private readonly target: WebGLRenderTarget;
  private readonly material: RawShaderMaterial;
  private readonly picture: ReturnType<typeof cover>;
  private readonly scene = new Scene();
  private readonly camera = new Camera();

  constructor() {
    this.target = new WebGLRenderTarget(1, 1, {
      minFilter: NearestFilter,
      magFilter: NearestFilter,
      generateMipmaps: false,
      depthTexture: new DepthTexture(1, 1, UnsignedIntType),
    });
    this.target.scissorTest = true;
    this.material = new RawShaderMaterial({
      glslVersion: GLSL3,
      vertexShader: COVER_VERTEX,
      fragmentShader: FRAGMENT,
      depthFunc: AlwaysDepth,
      uniforms: { colour: { value: this.target.texture }, depth: { value: this.target.depthTexture } },
    });
    this.picture = cover(this.material);
    this.scene.add(this.picture);
  }

  resize(width: number, height: number): void {
    this.target.setSize(width, height);
  }

  /** Draw a scene as each camera sees it, over another picture or over nothing, and keep it. */
  take(renderer: WebGLRenderer, scene: Scene, views: readonly Framed[], over: StillPicture | null = null): void {
    if (over) {
      this.look(renderer, 0, 0, this.target.width, this.target.height);
      over.paint(renderer);
      renderer.autoClear = false;
    }
    for (const { camera, x, y, width, height } of views) {
      this.look(renderer, x, y, width, height);
      renderer.render(scene, camera);
    }
    renderer.autoClear = true;
    renderer.setRenderTarget(null);
  }

  private look(renderer: WebGLRenderer, ...place: [x: number, y: number, width: number, height: number]): void {
    const corners = place.map(Math.round) as typeof place;
    this.target.viewport.set(...corners);
    this.target.scissor.set(...corners);
    renderer.setRenderTarget(this.target);
  }

  /** Clear what is drawn on and put the picture there. */
  paint(renderer: WebGLRenderer): void {
    renderer.render(this.scene, this.camera);
  }

  dispose(): void {
    this.target.depthTexture?.dispose();
    this.target.dispose();
    this.picture.geometry.dispose();
    this.material.dispose();
  }
}
