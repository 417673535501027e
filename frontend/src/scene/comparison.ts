import {
  BufferAttribute,
  BufferGeometry,
  Color,
  Group,
  Matrix4,
  Mesh,
  MeshLambertMaterial,
  SRGBColorSpace,
} from 'three';

import { BONE_COLOURS, type BoneName } from '../domain/bones';
import { heat, opacities } from '../domain/heat';

/** The second set where it is not coloured by distance: one cool tone, apart from all bones. */
export const SECOND_COLOUR = '#6fc6d8';

/** One bone of a set: its surface, and a distance for each vertex of it as it was sent. */
export interface ComparedBone {
  geometry: BufferGeometry;
  distances: Float32Array | null;
}

export interface ComparedPair {
  first: Partial<Record<BoneName, ComparedBone>>;
  second: Partial<Record<BoneName, ComparedBone>>;
  /** Rows of the rigid motion that brings the second set into the frame of the first; null: it is there. */
  transform: readonly (readonly number[])[] | null;
  /** End of the colour scale, mm; null draws plain colours. */
  scale: number | null;
}

type Surface = Mesh<BufferGeometry, MeshLambertMaterial>;

/** Two bone sets over one another, faded by one slider. */
export class ComparisonLayer {
  readonly group = new Group();
  private readonly sets = { first: new Map<BoneName, Surface>(), second: new Map<BoneName, Surface>() };
  private blend = 0;

  /** Show a pair, or nothing. The layer does not own the geometries that it is given. */
  setPair(pair: ComparedPair | null): void {
    this.clear();
    if (!pair) return;
    for (const which of ['first', 'second'] as const) {
      for (const [name, bone] of Object.entries(pair[which]) as [BoneName, ComparedBone][]) {
        const painted = pair.scale !== null && bone.distances ? paint(bone.geometry, bone.distances, pair.scale) : null;
        const material = new MeshLambertMaterial({
          color: painted ? '#ffffff' : which === 'first' ? BONE_COLOURS[name] : SECOND_COLOUR,
          vertexColors: painted !== null,
        });
        const mesh = new Mesh(painted ?? bone.geometry, material);
        if (which === 'second' && pair.transform) {
          mesh.matrixAutoUpdate = false;
          mesh.matrix.copy(matrix(pair.transform));
        }
        this.sets[which].set(name, mesh);
        this.group.add(mesh);
      }
    }
    this.setBlend(this.blend);
  }

  /** 0 shows the first set, 1 the second, the middle both. */
  setBlend(blend: number): void {
    this.blend = blend;
    const strength = opacities(blend);
    for (const which of ['first', 'second'] as const) {
      const opacity = strength[which];
      for (const mesh of this.sets[which].values()) {
        mesh.material.opacity = opacity;
        mesh.material.transparent = opacity < 1;
        mesh.material.depthWrite = opacity > 0.6;
        mesh.material.needsUpdate = true;
        // What fades is drawn after what stands.
        mesh.renderOrder = opacity < 1 ? 1 : 0;
        mesh.userData.faded = opacity <= 0.01;
      }
    }
  }

  /** Call before drawing: which bones are switched off. */
  setHidden(hidden: ReadonlySet<BoneName>): void {
    for (const set of Object.values(this.sets)) {
      for (const [name, mesh] of set) mesh.visible = !hidden.has(name) && !mesh.userData.faded;
    }
  }

  dispose(): void {
    this.clear();
  }

  private clear(): void {
    for (const set of Object.values(this.sets)) {
      for (const mesh of set.values()) {
        mesh.material.dispose();
        if (mesh.material.vertexColors) mesh.geometry.dispose();
      }
      set.clear();
    }
    this.group.clear();
  }
}

/** The same surface with a colour for each corner; corners know the vertex of the file that they were. */
export function paint(geometry: BufferGeometry, distances: Float32Array, scale: number): BufferGeometry {
  const corners = geometry.userData.corners as ArrayLike<number> | undefined;
  const position = geometry.getAttribute('position');
  const colours = new Float32Array(position.count * 3);
  const colour = new Color();
  for (let corner = 0; corner < position.count; corner++) {
    const [red, green, blue] = heat(distances[corners?.[corner] ?? corner] ?? Number.NaN, scale);
    colour.setRGB(red / 255, green / 255, blue / 255, SRGBColorSpace).toArray(colours, corner * 3);
  }
  const painted = new BufferGeometry();
  painted.setAttribute('position', position);
  painted.setAttribute('normal', geometry.getAttribute('normal'));
  painted.setAttribute('color', new BufferAttribute(colours, 3));
  painted.boundingSphere = geometry.boundingSphere;
  painted.boundingBox = geometry.boundingBox;
  return painted;
}

function matrix(rows: readonly (readonly number[])[]): Matrix4 {
  return new Matrix4().fromArray(rows.flat()).transpose();
}
