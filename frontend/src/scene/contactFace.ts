import { BufferAttribute, BufferGeometry, Color, DoubleSide, Mesh, MeshLambertMaterial, SRGBColorSpace } from 'three';
import { PLYLoader } from 'three/examples/jsm/loaders/PLYLoader.js';

import { gapColour } from '../domain/contact';

/** The contact face as the engine wrote it: binary PLY, millimetres, with `gap_mm` for each vertex. */
export function contactGeometry(data: ArrayBuffer): BufferGeometry {
  const loader = new PLYLoader();
  loader.setCustomPropertyNameMapping({ gap: ['gap_mm'] });
  const geometry = loader.parse(data);
  geometry.deleteAttribute('color');
  geometry.computeVertexNormals();
  geometry.computeBoundingSphere();
  return geometry;
}

/** The contact face coloured by how far each gap is from what was planned; owns its colours, not the geometry. */
export function contactMesh(geometry: BufferGeometry, clearance: number): Mesh<BufferGeometry, MeshLambertMaterial> {
  const gaps = geometry.getAttribute('gap') as BufferAttribute | undefined;
  const { count } = geometry.getAttribute('position');
  const colours = new Float32Array(3 * count);
  const colour = new Color();
  for (let vertex = 0; vertex < count; vertex++) {
    const [red, green, blue] = gapColour((gaps?.getX(vertex) ?? clearance) - clearance);
    colour.setRGB(red / 255, green / 255, blue / 255, SRGBColorSpace).toArray(colours, 3 * vertex);
  }
  const painted = new BufferGeometry();
  painted.setIndex(geometry.index);
  painted.setAttribute('position', geometry.getAttribute('position'));
  painted.setAttribute('normal', geometry.getAttribute('normal'));
  painted.setAttribute('color', new BufferAttribute(colours, 3));
  // At rest it touches the bone, whose mesh on the screen is a little coarser: the colours win.
  const mesh = new Mesh(painted, new MeshLambertMaterial({ vertexColors: true, side: DoubleSide, polygonOffset: true, polygonOffsetFactor: -2, polygonOffsetUnits: -4 }));
  mesh.renderOrder = 1;
  return mesh;
}
