import { BufferAttribute, BufferGeometry, Mesh, type RawShaderMaterial } from 'three';

/** Vertex shader of what is drawn by `cover`. */
export const COVER_VERTEX = /* glsl */ `
in vec3 position;
void main() { gl_Position = vec4(position, 1.0); }
`;

/** One triangle that covers the viewport, whatever the camera; its geometry is the caller's to dispose of. */
export function cover(material: RawShaderMaterial): Mesh<BufferGeometry, RawShaderMaterial> {
  const triangle = new BufferGeometry();
  triangle.setAttribute('position', new BufferAttribute(new Float32Array([-1, -1, 0, 3, -1, 0, -1, 3, 0]), 3));
  const mesh = new Mesh(triangle, material);
  mesh.frustumCulled = false;
  return mesh;
}
