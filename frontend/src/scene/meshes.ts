import type { BufferGeometry } from 'three';
import { PLYLoader } from 'three/examples/jsm/loaders/PLYLoader.js';
import { STLLoader } from 'three/examples/jsm/loaders/STLLoader.js';
import { toCreasedNormals } from 'three/examples/jsm/utils/BufferGeometryUtils.js';

/** Edges sharper than this stay sharp, radians: bone is smooth, the flat ends of the field of view are not. */
const CREASE = 0.9;

/** The vertex property of PLY files that holds the expected distance to the true surface, mm. */
const UNCERTAINTY = 'uncertainty_mm';

/**
 * A display mesh (binary PLY, millimetres), smooth except where the field of view cuts it. Where the file says how
 * uncertain each vertex is, `userData.uncertainty` holds it.
 */
export function bonesGeometry(data: ArrayBuffer): BufferGeometry {
  const loader = new PLYLoader();
  loader.setCustomPropertyNameMapping({ [UNCERTAINTY]: [UNCERTAINTY] });
  const geometry = loader.parse(data);
  const uncertainty = geometry.getAttribute(UNCERTAINTY)?.array as Float32Array | undefined;
  geometry.deleteAttribute(UNCERTAINTY);
  geometry.deleteAttribute('color');
  // Creasing parts the corners of triangles; values a vertex find their way back by this.
  const corners = geometry.index?.array;
  const creased = measured(toCreasedNormals(geometry, CREASE));
  creased.userData.corners = corners;
  // The loader fills a property that the file lacks with NaN.
  creased.userData.uncertainty = uncertainty && Number.isFinite(uncertainty[0]) ? uncertainty : null;
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
