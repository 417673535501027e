import { type BufferGeometry, type Camera, Group, Matrix4, Mesh, type RawShaderMaterial, Raycaster, type Vector2, Vector3 } from 'three';

import { BONE_COLOURS, type BoneName } from '../../domain/bones';
import { motionsOf } from '../../domain/leg';
import type { PlanDocument } from '../../domain/plan';
import { geometryOf, type Solid, solidOf } from '../solid';
import { boneMaterial } from './material';
import { LAYERS } from './panes';
import { piecesKey, piecesOf } from './pieces';

const CUT_COLOUR = '#d9b98a';

type Surface = Mesh<BufferGeometry, RawShaderMaterial[]>;

interface BoneParts {
  /** As it was given. */
  readonly source: BufferGeometry;
  readonly whole: Surface;
  readonly solid: Solid;
}

interface CutPart {
  readonly mesh: Surface;
  readonly distal: boolean;
  readonly below: boolean;
}

/** Where a ray from the eye meets a bone: on the bone as it was before the correction. */
export interface Hit {
  readonly bone: BoneName;
  readonly place: Vector3;
}

/** The bones, and the pieces that the plan cuts the tibia into, each where the correction puts it. */
export class PlanContent {
  readonly group = new Group();
  private readonly bones = new Map<BoneName, BoneParts>();
  private readonly colours = new Map<BoneName, RawShaderMaterial>();
  private readonly cutFace = boneMaterial(CUT_COLOUR);
  private pieces: CutPart[] = [];
  private key = '';

  /** Show a bone, or take it away with null. The content does not own the geometry that it is given. */
  setBone(name: BoneName, geometry: BufferGeometry | null): void {
    const present = this.bones.get(name);
    if (present?.source === geometry) return;
    if (present) {
      this.group.remove(present.whole);
      present.whole.geometry.dispose();
      this.bones.delete(name);
    }
    if (name === 'tibia') this.clearPieces();
    if (!geometry) return;
    const solid = solidOf(geometry);
    const whole = new Mesh(geometryOf(solid), [this.material(name), this.cutFace]);
    whole.matrixAutoUpdate = false;
    whole.layers.set(name === 'fibula' ? LAYERS.everywhere : LAYERS.notAxial);
    this.bones.set(name, { source: geometry, whole, solid });
    this.group.add(whole);
  }

  /** Everything in its place: cut and moved by `degrees`, or whole where `after` is false. */
  place(plan: PlanDocument | null, degrees: number, after: boolean, hidden: ReadonlySet<BoneName>): void {
    const tibia = this.bones.get('tibia');
    const key = tibia && plan ? piecesKey(plan.osteotomy, degrees) : '';
    if (key !== this.key) {
      this.clearPieces();
      this.key = key;
      if (tibia && plan) this.cut(tibia.solid, plan, degrees);
    }
    const motions = plan && after ? motionsOf(plan, degrees) : null;
    for (const [name, { whole }] of this.bones) {
      whole.visible = !hidden.has(name) && !(name === 'tibia' && after && this.pieces.length > 0);
      whole.matrix.copy(name === 'patella' && motions ? motions.patella : IDENTITY);
    }
    for (const { mesh, distal, below } of this.pieces) {
      mesh.visible = !hidden.has('tibia') && (after || below);
      mesh.matrix.copy(distal && motions ? motions.distal : IDENTITY);
      // Before the correction the whole tibia stands there; only the view onto the cut shows what lies below it.
      mesh.layers.set(after ? (below ? LAYERS.everywhere : LAYERS.notAxial) : LAYERS.axialOnly);
    }
  }

  /** The nearest of the given bones under the pointer, as it is drawn now. */
  hit(pointer: Vector2, camera: Camera, bones: readonly BoneName[]): Hit | null {
    const caster = new Raycaster();
    caster.layers.mask = camera.layers.mask;
    caster.setFromCamera(pointer, camera);
    const meshes = [...this.bones].filter(([name]) => bones.includes(name)).map(([, { whole }]) => whole);
    const parts = bones.includes('tibia') ? this.pieces.map(({ mesh }) => mesh) : [];
    const shown = [...meshes, ...parts].filter((mesh) => mesh.visible);
    for (const mesh of shown) mesh.updateMatrixWorld(true);
    const [first] = caster.intersectObjects<Surface>(shown, false);
    if (!first) return null;
    const bone = [...this.bones].find(([, { whole }]) => whole === first.object)?.[0] ?? 'tibia';
    return { bone, place: first.point.clone().applyMatrix4(first.object.matrix.clone().invert()) };
  }

  /** The drawn bones, to measure how large they are. */
  get wholes(): Surface[] {
    return [...this.bones.values()].map(({ whole }) => whole);
  }

  dispose(): void {
    this.clearPieces();
    for (const { whole } of this.bones.values()) whole.geometry.dispose();
    for (const material of this.colours.values()) material.dispose();
    this.cutFace.dispose();
  }

  private material(name: BoneName): RawShaderMaterial {
    const known = this.colours.get(name) ?? boneMaterial(BONE_COLOURS[name]);
    this.colours.set(name, known);
    return known;
  }

  private cut(tibia: Solid, plan: PlanDocument, degrees: number): void {
    this.pieces = piecesOf(tibia, plan.osteotomy, degrees).map(({ solid, distal, below }) => {
      const mesh: Surface = new Mesh(geometryOf(solid), [this.material('tibia'), this.cutFace]);
      mesh.matrixAutoUpdate = false;
      this.group.add(mesh);
      return { mesh, distal, below };
    });
  }

  private clearPieces(): void {
    for (const { mesh } of this.pieces) {
      this.group.remove(mesh);
      mesh.geometry.dispose();
    }
    this.pieces = [];
    this.key = '';
  }
}

const IDENTITY = new Matrix4();
