import {
  AlwaysStencilFunc,
  BackSide,
  type BufferGeometry,
  type ColorRepresentation,
  DecrementWrapStencilOp,
  DoubleSide,
  FrontSide,
  Group,
  IncrementWrapStencilOp,
  type Matrix4,
  Mesh,
  MeshBasicMaterial,
  MeshLambertMaterial,
  NotEqualStencilFunc,
  Plane,
  PlaneGeometry,
  Quaternion,
  ReplaceStencilOp,
  type Side,
  type StencilOp,
  Vector3,
  type WebGLRenderer,
} from 'three';

/**
 * One side of a cut bone: the surface clipped by the plane, and the cut face drawn as a cap wherever more back
 * faces than front faces lie in front of the plane (counted in the stencil buffer).
 */
export class Fragment {
  readonly group = new Group();
  private readonly plane = new Plane();
  private readonly surface: Mesh<BufferGeometry, MeshLambertMaterial>;
  private readonly counters: Mesh<BufferGeometry, MeshBasicMaterial>[];
  private readonly cap: Mesh<PlaneGeometry, MeshLambertMaterial>;

  /** `order` must differ between fragments: each one clears the stencil after its cap. */
  constructor(geometry: BufferGeometry, colour: ColorRepresentation, capColour: ColorRepresentation, order: number) {
    const clippingPlanes = [this.plane];
    this.surface = new Mesh(geometry, new MeshLambertMaterial({ color: colour, clippingPlanes }));
    this.surface.renderOrder = order + 0.4;
    const counter = (side: Side, op: StencilOp): Mesh<BufferGeometry, MeshBasicMaterial> => {
      const material = new MeshBasicMaterial({
        side,
        clippingPlanes,
        depthWrite: false,
        depthTest: false,
        colorWrite: false,
        stencilWrite: true,
        stencilFunc: AlwaysStencilFunc,
        stencilFail: op,
        stencilZFail: op,
        stencilZPass: op,
      });
      const mesh = new Mesh(geometry, material);
      mesh.renderOrder = order + 0.1;
      return mesh;
    };
    this.counters = [counter(BackSide, IncrementWrapStencilOp), counter(FrontSide, DecrementWrapStencilOp)];
    this.cap = new Mesh(
      new PlaneGeometry(400, 400),
      new MeshLambertMaterial({
        color: capColour,
        side: DoubleSide,
        stencilWrite: true,
        stencilRef: 0,
        stencilFunc: NotEqualStencilFunc,
        stencilFail: ReplaceStencilOp,
        stencilZFail: ReplaceStencilOp,
        stencilZPass: ReplaceStencilOp,
      }),
    );
    this.cap.renderOrder = order + 0.2;
    this.cap.onAfterRender = (renderer) => (renderer as WebGLRenderer).clearStencil();
    this.group.add(this.surface, ...this.counters, this.cap);
  }

  /**
   * Keep the side of the plane that `normal` points to (before the motion), then move it rigidly. Point and normal
   * are in the bone's own frame.
   */
  place(point: Vector3, normal: Vector3, motion: Matrix4): void {
    for (const mesh of [this.surface, ...this.counters]) {
      mesh.matrixAutoUpdate = false;
      mesh.matrix.copy(motion);
    }
    const movedPoint = point.clone().applyMatrix4(motion);
    const movedNormal = normal.clone().transformDirection(motion);
    this.plane.setFromNormalAndCoplanarPoint(movedNormal, movedPoint);
    this.cap.position.copy(movedPoint);
    this.cap.quaternion.copy(new Quaternion().setFromUnitVectors(new Vector3(0, 0, 1), movedNormal.negate()));
  }

  dispose(): void {
    for (const mesh of [this.surface, ...this.counters, this.cap]) mesh.material.dispose();
    this.cap.geometry.dispose();
  }
}
