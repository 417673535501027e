import { describe, expect, it } from 'vitest';

import { fits, fittingUnits, formatOf, guessBone, measure } from './meshFiles';

// A tetrahedron: four corners, four triangles, closed.
const A = [0, 0, 0];
const B = [3, 0, 0];
const C = [0, 4, 0];
const D = [0, 0, 2];
const CLOSED = [A, C, B, A, B, D, B, C, D, C, A, D].flat();

describe('a mesh before it is sent', () => {
  it('is measured along its longest way', () => {
    expect(measure(CLOSED).longest).toBeCloseTo(5, 9);
    expect(measure(CLOSED).triangles).toBe(4);
    expect(measure([]).longest).toBe(0);
  });

  it('is seen to be closed or open', () => {
    expect(measure(CLOSED).openEdges).toBe(0);
    expect(measure(CLOSED.slice(9)).openEdges).toBe(3);
  });

  it('says by its name which bone it is', () => {
    expect(guessBone('R-Femur (smoothed).stl')).toBe('femur');
    expect(guessBone('Tibial component.ply')).toBe('tibia');
    expect(guessBone('tibia_fibula.stl')).toBeNull();
    expect(guessBone('segment_1.stl')).toBeNull();
    expect(formatOf('a.b.PLY')).toBe('ply');
    expect(formatOf('a.docx')).toBeNull();
  });
});

describe('the unit of a file', () => {
  it('is held against the sizes of bones', () => {
    expect(fits('femur', 420, 'mm')).toBe(true);
    expect(fits('femur', 0.42, 'mm')).toBe(false);
    expect(fits('femur', 0.42, 'm')).toBe(true);
  });

  it('is narrowed by all bones together', () => {
    expect(fittingUnits([{ bone: 'femur', longest: 42 }])).toEqual(['cm']);
    expect(fittingUnits([{ bone: 'femur', longest: 16.5 }, { bone: 'patella', longest: 1.7 }])).toEqual(['in']);
    expect(fittingUnits([{ bone: null, longest: 42 }])).toEqual([]);
  });
});
