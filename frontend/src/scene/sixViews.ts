import {
  Box3,
  BufferAttribute,
  BufferGeometry,
  Mesh,
  MeshLambertMaterial,
  OrthographicCamera,
  Scene,
  Vector3,
  WebGLRenderer,
} from 'three';

import { BONE_COLOURS, type BoneName } from '../domain/bones';
import type { RatedBone } from '../domain/ratedBones';
import { headlight, roomLights } from './lights';
import { RenderLoop } from './loop';
import { viewDirection, type ViewName } from './views';

/** From the target to the camera, mm; an orthographic picture does not depend on it. */
const CAMERA_DISTANCE = 1500;

/** The bones of an item, smoothly shaded. */
export function ratedGeometry({ positions, indices }: RatedBone): BufferGeometry {
  const geometry = new BufferGeometry();
  geometry.setAttribute('position', new BufferAttribute(positions, 3));
  geometry.setIndex(new BufferAttribute(indices, 1));
  geometry.computeVertexNormals();
  geometry.computeBoundingSphere();
  geometry.computeBoundingBox();
  return geometry;
}

/** One picture from each of fixed viewpoints, all at one scale, in a grid on one canvas. */
export class SixViews {
  private readonly renderer: WebGLRenderer;
  private readonly scene = new Scene();
  private readonly camera = new OrthographicCamera(-1, 1, 1, -1, 1, 2 * CAMERA_DISTANCE);
  private readonly loop = new RenderLoop(() => this.draw());
  private meshes: Mesh<BufferGeometry, MeshLambertMaterial>[] = [];
  private readonly middle = new Vector3();
  private readonly extent = new Vector3(200, 200, 200);
  private pane = { width: 1, height: 1 };

  constructor(
    canvas: HTMLCanvasElement,
    /** Row by row; a leg whose side is not told is looked at as a left one: "lateral" is from the patient's left. */
    private readonly views: readonly ViewName[],
    private readonly columns: number,
  ) {
    this.renderer = new WebGLRenderer({ canvas, antialias: true, alpha: true });
    this.renderer.setClearColor(0x000000, 0);
    this.renderer.setScissorTest(true);
    this.camera.up.set(0, 0, 1);
    headlight(this.camera);
    this.scene.add(this.camera, ...roomLights());
  }

  /** The scene does not own the geometries. */
  setBones(bones: ReadonlyMap<BoneName, BufferGeometry>): void {
    for (const mesh of this.meshes) {
      this.scene.remove(mesh);
      mesh.material.dispose();
    }
    this.meshes = [...bones].map(([name, geometry]) => new Mesh(geometry, new MeshLambertMaterial({ color: BONE_COLOURS[name] })));
    const box = new Box3();
    for (const mesh of this.meshes) {
      this.scene.add(mesh);
      box.expandByObject(mesh);
    }
    if (!box.isEmpty()) {
      box.getCenter(this.middle);
      box.getSize(this.extent);
    }
    this.loop.request();
  }

  resize(width: number, height: number): void {
    this.pane = { width, height };
    this.renderer.setPixelRatio(Math.min(2, globalThis.devicePixelRatio || 1));
    this.renderer.setSize(width, height, false);
    this.loop.request();
  }

  dispose(): void {
    this.loop.dispose();
    for (const mesh of this.meshes) mesh.material.dispose();
    this.renderer.dispose();
    this.renderer.forceContextLoss();
  }

  private draw(): boolean {
    const rows = Math.ceil(this.views.length / this.columns);
    const width = this.pane.width / this.columns;
    const height = this.pane.height / rows;
    const scale = this.millimetresAPixel(width, height);
    const [x, y] = [(scale * width) / 2, (scale * height) / 2];
    Object.assign(this.camera, { left: -x, right: x, top: y, bottom: -y });
    this.camera.updateProjectionMatrix();
    this.views.forEach((view, i) => {
      this.camera.position.copy(viewDirection(view, 'L')).multiplyScalar(CAMERA_DISTANCE).add(this.middle);
      this.camera.lookAt(this.middle);
      const left = (i % this.columns) * width;
      const bottom = (rows - 1 - Math.floor(i / this.columns)) * height;
      this.renderer.setViewport(left, bottom, width, height);
      this.renderer.setScissor(left, bottom, width, height);
      this.renderer.render(this.scene, this.camera);
    });
    return false;
  }

  /** So that the bones just fit into a tile from every side. */
  private millimetresAPixel(width: number, height: number): number {
    const { x, y, z } = this.extent;
    return 1.06 * Math.max(x / width, y / width, y / height, z / height);
  }
}
