import { type BufferGeometry, Group, Matrix4, Mesh, type RawShaderMaterial, type Ray, Raycaster, type Vector3 } from 'three';

import { BONE_COLOURS, type BoneName } from '../../domain/bones';
import { motionsOf } from '../../domain/leg';
import type { PlanDocument } from '../../domain/plan';
import { geometryOf, type Solid, solidOf } from '../solid';
import { boneMaterial, setGhost } from './material';
import { LAYERS } from './panes';
import { type Blades, bladesOf, piecesOf, sameBlades } from './pieces';

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

/** How the bones are shown. */
interface Showing {
  /** Moved by the correction, or as they are. */
  readonly after: boolean;
  /** Whether the plan is the one that is asked for and no hand is on it. */
  readonly rests: boolean;
  readonly hidden: ReadonlySet<BoneName>;
}

/** Where a ray from the eye meets a bone: on the bone as it was before the correction. */
export interface Hit {
  readonly bone: BoneName;
  readonly place: Vector3;
}

/** The bones, and the pieces that the plan cuts the tibia into, each where the correction puts it. */
export class PlanContent {
  /** What a change of the correction leaves where it is, and what it moves. */
  readonly still = new Group();
  readonly moving = new Group();
  /** Goes up with every change of what stands still. */
  version = 0;
  /** Goes up with every change of what the correction moves, and of where it has moved it. */
  moves = 0;

  private readonly bones = new Map<BoneName, BoneParts>();
  private readonly colours = new Map<BoneName, RawShaderMaterial>();
  private readonly cutFace = boneMaterial(CUT_COLOUR);
  private pieces: CutPart[] = [];
  /** What the pieces were cut by. */
  private blades: Blades | null = null;
  /** Whether a hand may cut other pieces in a moment. */
  private passing = false;

  /** Show a bone, or take it away with null. The content does not own the geometry that it is given. */
  setBone(name: BoneName, geometry: BufferGeometry | null): void {
    const present = this.bones.get(name);
    if (present?.source === geometry) return;
    if (present) {
      this.remove(present.whole);
      this.bones.delete(name);
    }
    if (name === 'tibia') this.clearPieces();
    if (!geometry) return;
    const solid = solidOf(geometry);
    const whole = new Mesh(geometryOf(solid), [this.material(name), this.cutFace]);
    whole.matrixAutoUpdate = false;
    whole.layers.set(name === 'fibula' ? LAYERS.everywhere : LAYERS.notAxial);
    this.bones.set(name, { source: geometry, whole, solid });
    this.still.add(whole);
    this.version++;
  }

  /** Everything in its place: cut and moved by `degrees`, or whole where it is shown as it is. */
  place(plan: PlanDocument | null, degrees: number, { after, rests, hidden }: Showing): void {
    const tibia = this.bones.get('tibia');
    const blades = this.bladesFor(plan, degrees);
    if (!blades || this.cutsAnew(plan, degrees, rests)) {
      this.clearPieces();
      this.blades = blades;
      if (tibia && blades) this.cut(tibia.solid, blades);
      this.passing = !rests;
    }
    if (rests) this.passing = false;
    const motions = plan && after ? motionsOf(plan, degrees) : null;
    for (const [name, { whole }] of this.bones) {
      const shown = !hidden.has(name) && !(name === 'tibia' && after && this.pieces.length > 0);
      this.put(whole, shown, whole.layers.mask, name === 'patella' ? (motions?.patella ?? null) : null);
    }
    for (const { mesh, distal, below } of this.pieces) {
      // Before the correction the whole tibia stands there; only the view onto the cut shows what lies below it.
      const layer = after ? (below ? LAYERS.everywhere : LAYERS.notAxial) : LAYERS.axialOnly;
      // What the saw leaves in place counts as moved, too, while it is cut anew again and again.
      const motion = distal ? motions?.distal : this.passing ? motions?.still : null;
      this.put(mesh, !hidden.has('tibia') && (after || below), 1 << layer, motion ?? null);
    }
  }

  /** Whether `place` would cut the tibia into other pieces. */
  cutsAnew(plan: PlanDocument | null, degrees: number, rests: boolean): boolean {
    const blades = this.bladesFor(plan, degrees);
    return blades !== null && (!this.blades || !sameBlades(blades, this.blades, rests));
  }

  /** Solid, or see-through over an X-ray. */
  setGhost(ghost: boolean): void {
    for (const material of [...this.colours.values(), this.cutFace]) setGhost(material, ghost);
  }

  /** The nearest of the given bones that a ray meets, as it is drawn now in the given layers. */
  hit(ray: Ray, layers: number, bones: readonly BoneName[]): Hit | null {
    const caster = new Raycaster(ray.origin, ray.direction);
    caster.layers.mask = layers;
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

  /** Show a mesh where a motion takes it; null: it stands still. */
  private put(mesh: Surface, visible: boolean, layers: number, motion: Matrix4 | null): void {
    const group = motion ? this.moving : this.still;
    const still = seenIn(this.still, mesh);
    const moving = seenIn(this.moving, mesh);
    const stays = mesh.matrix.equals(motion ?? IDENTITY);
    mesh.visible = visible;
    mesh.layers.mask = layers;
    mesh.matrix.copy(motion ?? IDENTITY);
    if (mesh.parent !== group) group.add(mesh);
    if (seenIn(this.still, mesh) !== still) this.version++;
    const now = seenIn(this.moving, mesh);
    if (now !== moving || (now !== 0 && !stays)) this.moves++;
  }

  private bladesFor(plan: PlanDocument | null, degrees: number): Blades | null {
    return plan && this.bones.has('tibia') ? bladesOf(plan.osteotomy, degrees) : null;
  }

  private cut(tibia: Solid, blades: Blades): void {
    this.pieces = piecesOf(tibia, blades).map(({ solid, distal, below }) => {
      const mesh: Surface = new Mesh(geometryOf(solid), [this.material('tibia'), this.cutFace]);
      mesh.matrixAutoUpdate = false;
      mesh.visible = false;
      this.still.add(mesh);
      return { mesh, distal, below };
    });
  }

  private clearPieces(): void {
    for (const { mesh } of this.pieces) this.remove(mesh);
    this.pieces = [];
    this.blades = null;
  }

  private remove(mesh: Surface): void {
    if (seenIn(this.still, mesh) !== 0) this.version++;
    if (seenIn(this.moving, mesh) !== 0) this.moves++;
    mesh.removeFromParent();
    mesh.geometry.dispose();
  }
}

/** The layers in which a mesh is seen as part of a group; 0: in none. */
function seenIn(group: Group, mesh: Surface): number {
  return mesh.visible && mesh.parent === group ? mesh.layers.mask : 0;
}

const IDENTITY = new Matrix4();
