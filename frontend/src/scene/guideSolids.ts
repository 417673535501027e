import { BackSide, type BufferGeometry, type ColorRepresentation, Group, Mesh, MeshBasicMaterial, MeshLambertMaterial, type Plane } from 'three';

/**
 * A closed surface that can be cut open. What a cut lays bare is drawn as the flat far side of the surface: from
 * inside a solid its own far side is the first thing in sight, so that it looks filled without a cap being made.
 */
export class OpenableSolid {
  readonly group = new Group();
  private readonly outside: Mesh<BufferGeometry, MeshLambertMaterial>;
  private readonly inside: Mesh<BufferGeometry, MeshBasicMaterial>;

  /** The solid does not own the geometry. */
  constructor(geometry: BufferGeometry, colour: ColorRepresentation, cutColour: ColorRepresentation) {
    this.outside = new Mesh(geometry, new MeshLambertMaterial({ color: colour }));
    this.inside = new Mesh(geometry, new MeshBasicMaterial({ color: cutColour, side: BackSide }));
    this.inside.visible = false;
    this.group.add(this.outside, this.inside);
  }

  /** Cut by a plane, what lies behind it stays; or whole again with null. */
  cut(plane: Plane | null): void {
    const planes = plane ? [plane] : [];
    for (const mesh of [this.outside, this.inside]) {
      mesh.material.clippingPlanes = planes;
      mesh.material.needsUpdate = true;
    }
    this.inside.visible = plane !== null && this.outside.material.opacity === 1;
  }

  /** 1 is solid; less lets through what lies behind. */
  setOpacity(opacity: number): void {
    const { material } = this.outside;
    material.opacity = opacity;
    material.transparent = opacity < 1;
    material.depthWrite = opacity === 1;
    material.needsUpdate = true;
    this.outside.renderOrder = opacity < 1 ? 2 : 0;
    this.inside.visible &&= opacity === 1;
  }

  setColour(colour: ColorRepresentation): void {
    this.outside.material.color.set(colour);
  }

  set visible(visible: boolean) {
    this.group.visible = visible;
  }

  dispose(): void {
    this.outside.material.dispose();
    this.inside.material.dispose();
  }
}
