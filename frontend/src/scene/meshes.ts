import { BufferGeometry } from 'three';
import { PLYLoader } from 'three/examples/jsm/loaders/PLYLoader.js';
import { STLLoader } from 'three/examples/jsm/loaders/STLLoader.js';

/** A display mesh (binary PLY, millimetres) with smooth normals. */
export function bonesGeometry(data: ArrayBuffer): BufferGeometry {
  return finished(new PLYLoader().parse(data), true);
}

/** A guide (binary STL, millimetres): flat shading, so that its machined edges stay sharp. */
export function guideGeometry(data: ArrayBuffer): BufferGeometry {
  return finished(new STLLoader().parse(data), false);
}

function finished(geometry: BufferGeometry, smooth: boolean): BufferGeometry {
  geometry.deleteAttribute('color');
  if (smooth) geometry.computeVertexNormals();
  geometry.computeBoundingSphere();
  geometry.computeBoundingBox();
  return geometry;
}
