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
out vec3 shade;
void main() {
  vec3 n = normalize(normalMatrix * normal);
  vec3 sky = mix(vec3(0.041, 0.033, 0.027), vec3(0.79, 0.86, 0.91), 0.5 + 0.5 * n.y);
  float lamp = max(dot(n, normalize(vec3(-0.5, 0.7, 1.0))), 0.0);
  vec3 light = colour * (0.42 * sky + vec3(0.8, 0.75, 0.69) * lamp);
  shade = pow(clamp(light, 0.0, 1.0), vec3(1.0 / 2.2));
  gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
}
`;

const FRAGMENT = /* glsl */ `
precision mediump float;
in vec3 shade;
out vec4 seen;
void main() { seen = vec4(shade, 1.0); }
`;

/** Dull bone of one colour. */
export function boneMaterial(colour: ColorRepresentation): RawShaderMaterial {
  return new RawShaderMaterial({
    vertexShader: VERTEX,
    fragmentShader: FRAGMENT,
    glslVersion: GLSL3,
    uniforms: { colour: { value: new Color(colour) } },
  });
}
