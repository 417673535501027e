import type { BufferGeometry, Object3D } from 'three';
import { Mesh } from 'three';
import { OBJLoader } from 'three/examples/jsm/loaders/OBJLoader.js';
import { PLYLoader } from 'three/examples/jsm/loaders/PLYLoader.js';
import { STLLoader } from 'three/examples/jsm/loaders/STLLoader.js';

import type { MeshFormat } from '../domain/meshFiles';

/** The corners of all triangles of a mesh file, nine numbers a triangle; throws where it is no such file. */
export function readCorners(format: MeshFormat, data: ArrayBuffer): Float32Array {
  if (format === 'stl') return flat(new STLLoader().parse(data));
  if (format === 'ply') return flat(new PLYLoader().parse(data));
  const parts: Float32Array[] = [];
  new OBJLoader().parse(new TextDecoder().decode(data)).traverse((part: Object3D) => {
    if (part instanceof Mesh) parts.push(flat(part.geometry as BufferGeometry));
  });
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function flat(geometry: BufferGeometry): Float32Array {
  const plain = geometry.index ? geometry.toNonIndexed() : geometry;
  const position = plain.getAttribute('position');
  return position ? new Float32Array(position.array) : new Float32Array();
}
