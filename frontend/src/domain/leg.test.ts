import { Vector3 } from 'three';
import { describe, expect, it } from 'vitest';

import { bonesUnder, crossing, fragmentOf, landmarkLabel, legLines, motionsOf } from './leg';
import type { PlanDocument } from './plan';

// A left knee: lateral is the patient's left (+x); the hinge lies laterally and its axis runs from back to front.
function plan(tuberosity: 'distal' | 'proximal'): PlanDocument {
  const at = (...position: number[]) => ({ position, provenance: 'auto' as const });
  return {
    technique: { kind: 'medial_opening_wedge', tuberosity, slope_change_deg: 0, jlca_compensation: false },
    landmarks: {
      hip_center: at(0, 0, 400),
      femur_knee_center: at(0, 0, 5),
      tibia_knee_center: at(0, 0, 0),
      ankle_center: at(-10, 0, -380),
      plateau_medial_edge: at(-38, 0, 0),
      plateau_lateral_edge: at(38, 0, 0),
      tuberosity: at(0, -25, -45),
    },
    osteotomy: { hinge_point: [30, 0, -25], hinge_axis: [0, -1, 0], correction_deg: 10 },
  } as unknown as PlanDocument;
}

describe('landmarks in a correction', () => {
  it('go with the fragment that they lie on', () => {
    expect(fragmentOf('ankle_center', 'proximal')).toBe('distal');
    expect(fragmentOf('tuberosity', 'distal')).toBe('distal');
    expect(fragmentOf('tuberosity', 'proximal')).toBe('still');
    expect(fragmentOf('patella_articular_superior', 'distal')).toBe('patella');
    expect(fragmentOf('plateau_medial', 'distal')).toBe('still');
  });

  it('lie on the surface of their bone, or on none', () => {
    expect(bonesUnder('femur_medial_distal')).toEqual(['femur']);
    expect(bonesUnder('hip_center')).toEqual([]);
    expect(bonesUnder('tibia_shaft_distal')).toEqual([]);
    expect(bonesUnder('tuberosity')).toEqual(['tibia']);
  });

  it('have names that people read', () => {
    expect(landmarkLabel('plateau_medial_anterior')).toBe('Plateau medial, anterior');
    expect(landmarkLabel('tuberosity')).toBe('Tuberosity');
    expect(landmarkLabel('ptfj')).toBe('Tibiofibular joint');
    expect(landmarkLabel('tibial_spine_medial')).toBe('Tibial spine, medial');
    expect(landmarkLabel('fibula_head_center')).toBe('Centre of the fibular head');
  });
});

describe('fragments', () => {
  it('carry the patella with the tuberosity, without turning it', () => {
    const { patella, distal } = motionsOf(plan('distal'), 10);
    const tubercle = new Vector3(0, -25, -45);
    expect(tubercle.clone().applyMatrix4(patella).distanceTo(tubercle.clone().applyMatrix4(distal))).toBeCloseTo(0, 9);
    expect(new Vector3(1, 0, 0).transformDirection(patella).x).toBeCloseTo(1, 12);
    expect(motionsOf(plan('proximal'), 10).patella.equals(motionsOf(plan('proximal'), 10).still)).toBe(true);
  });
});

describe('the weight-bearing line', () => {
  it('runs through the middle of the plateau of a straight leg', () => {
    const edges = [new Vector3(-38, 0, 0), new Vector3(38, 0, 0)] as const;
    expect(crossing(new Vector3(0, 0, 400), new Vector3(0, 0, -380), edges)).toBeCloseTo(0.5, 9);
    expect(crossing(new Vector3(-38, 0, 400), new Vector3(-38, 0, -380), edges)).toBeCloseTo(0, 9);
  });

  it('moves to lateral when a medial wedge opens', () => {
    const lines = legLines(plan('distal'), 10);
    if (!lines) throw new Error('the leg has its lines');
    const [before, after] = lines.ankle.map((ankle, i) => crossing(lines.hip[i] as Vector3, ankle, lines.plateau));
    expect(after).toBeGreaterThan((before as number) + 0.2);
  });

  it('moves further to lateral by the degrees that the joint line is counted on to close', () => {
    const counted = { ...plan('distal'), jlca_compensation: { applied: true, jlca: 5, deg: 1.5 } };
    const [lines, plain] = [legLines(counted, 10), legLines(plan('distal'), 10)];
    if (!lines || !plain) throw new Error('the leg has its lines');
    expect(lines.hip[0]).toEqual(plain.hip[0]);
    const thigh = (hip: Vector3): Vector3 => hip.clone().sub(lines.femoralKnee);
    expect((thigh(lines.hip[1]).angleTo(thigh(lines.hip[0])) * 180) / Math.PI).toBeCloseTo(1.5, 6);
    const share = (leg: typeof lines): number => crossing(leg.hip[1], leg.ankle[1], leg.plateau);
    expect(share(lines)).toBeGreaterThan(share(plain) + 0.04);
    const offered = { ...counted, jlca_compensation: { applied: false, jlca: 5, deg: 1.5 } };
    expect(legLines(offered, 10)?.hip[1]).toEqual(plain.hip[1]);
  });

  it('is not drawn without a hip', () => {
    const document = plan('distal');
    delete document.landmarks.hip_center;
    expect(legLines(document, 10)).toBeNull();
  });
});
