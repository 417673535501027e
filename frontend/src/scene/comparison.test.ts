import { BufferAttribute, BufferGeometry, Color, SRGBColorSpace } from 'three';
import { describe, expect, it } from 'vitest';

import { heat } from '../domain/heat';
import { ComparisonLayer, paint } from './comparison';

function triangle(): BufferGeometry {
  const geometry = new BufferGeometry();
  geometry.setAttribute('position', new BufferAttribute(new Float32Array([0, 0, 0, 1, 0, 0, 0, 1, 0]), 3));
  geometry.setAttribute('normal', new BufferAttribute(new Float32Array(9), 3));
  // As after the corners of an indexed file were parted: corner 0 was vertex 2, and so on.
  geometry.userData.corners = new Uint32Array([2, 0, 1]);
  return geometry;
}

describe('colour by distance on a surface', () => {
  it('follows the vertices of the file, not the corners of the triangles', () => {
    const colours = paint(triangle(), new Float32Array([0, 5, Number.NaN]), 5).getAttribute('color');
    for (const [corner, distance] of [Number.NaN, 0, 5].entries()) {
      const drawn = new Color().fromArray(colours.array, 3 * corner).getHexString(SRGBColorSpace);
      const wanted = heat(distance, 5).map((channel) => channel.toString(16)).join('');
      expect(drawn).toBe(wanted);
    }
  });
});

describe('two sets over one another', () => {
  it('moves the second into the frame of the first and hides what is faded or switched off', () => {
    const layer = new ComparisonLayer();
    const bone = { geometry: triangle(), distances: null };
    layer.setPair({
      first: { tibia: bone },
      second: { tibia: bone, femur: bone },
      transform: [[1, 0, 0, 10], [0, 1, 0, 20], [0, 0, 1, 30], [0, 0, 0, 1]],
      scale: null,
    });
    layer.setBlend(1);
    layer.setHidden(new Set(['femur']));
    const [first, second, femur] = layer.group.children;
    expect([first?.visible, second?.visible, femur?.visible]).toEqual([false, true, false]);
    expect(second?.matrix.elements.slice(12, 15)).toEqual([10, 20, 30]);
    layer.setPair(null);
    expect(layer.group.children).toHaveLength(0);
  });
});
