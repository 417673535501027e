import type { BufferGeometry } from 'three';
import { PLYLoader } from 'three/examples/jsm/loaders/PLYLoader.js';
import { STLLoader } from 'three/examples/jsm/loaders/STLLoader.js';
import { toCreasedNormals } from 'three/examples/jsm/utils/BufferGeometryUtils.js';

/** Edges sharper than this stay sharp, radians: bone is smooth, the flat ends of the field of view are not. */
const CREASE = 0.9;

/** A display mesh (binary PLY, millimetres), smooth except where the field of view cuts it. */
export function bonesGeometry(data: ArrayBuffer): BufferGeometry {
  const geometry = new PLYLoader().parse(data);
  geometry.deleteAttribute('color');
  // Creasing parts the corners of triangles; values a vertex find their way back by this.
  const corners = geometry.index?.array;
  const creased = measured(toCreasedNormals(geometry, CREASE));
  creased.userData.corners = corners;
  return creased;
}

/** A guide (binary STL, millimetres): flat shading, so that its machined edges stay sharp. */
export function guideGeometry(data: ArrayBuffer): BufferGeometry {
  return measured(new STLLoader().parse(data));
}

function measured(geometry: BufferGeometry): BufferGeometry {
  geometry.computeBoundingSphere();
  geometry.computeBoundingBox();
  return geometry;
}
