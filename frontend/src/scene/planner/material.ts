import { Color, type ColorRepresentation, GLSL3, RawShaderMaterial } from 'three';

// Light in the frame of the eye: a lamp over the shoulder, sky above and ground below. It is worked out at vertices:
// on bone that is smooth it looks the same as at pixels, and a processor that draws has far fewer of them.
const VERTEX = /* glsl */ `
uniform mat4 modelViewMatrix;
uniform mat4 projectionMatrix;
uniform mat3 normalMatrix;
uniform vec3 colour;
in vec3 position;
in vec3 normal;
out vec4 shade;
uniform float ghost;
void main() {
  vec3 n = normalize(normalMatrix * normal);
  vec3 sky = mix(vec3(0.041, 0.033, 0.027), vec3(0.79, 0.86, 0.91), 0.5 + 0.5 * n.y);
  float lamp = max(dot(n, normalize(vec3(-0.5, 0.7, 1.0))), 0.0);
  vec3 light = colour * (0.42 * sky + vec3(0.8, 0.75, 0.69) * lamp);
  // Over an X-ray only the rim stands out, as the outline of a bone does on a film.
  float rim = 1.0 - abs(n.z);
  shade = vec4(pow(clamp(light, 0.0, 1.0), vec3(1.0 / 2.2)), mix(1.0, 0.06 + 0.94 * rim * rim, ghost));
  gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
}
`;

const FRAGMENT = /* glsl */ `
precision mediump float;
in vec4 shade;
out vec4 seen;
void main() { seen = shade; }
`;

/** Dull bone of one colour. */
export function boneMaterial(colour: ColorRepresentation): RawShaderMaterial {
  return new RawShaderMaterial({
    vertexShader: VERTEX,
    fragmentShader: FRAGMENT,
    glslVersion: GLSL3,
    uniforms: { colour: { value: new Color(colour) }, ghost: { value: 0 } },
  });
}

/** Solid, or see-through as the shadow of a bone is. */
export function setGhost(material: RawShaderMaterial, ghost: boolean): void {
  if (material.uniforms.ghost) material.uniforms.ghost.value = Number(ghost);
  material.transparent = ghost;
  material.depthTest = material.depthWrite = !ghost;
}
