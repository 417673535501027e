import { describe, expect, it } from 'vitest';

import type { BoneSet, Comparison } from '../api/types';
import { comparisonOf, currentSet, frameWords, seenWords, setLabel, uncertaintyWords } from './boneSets';

const set = (fields: Partial<BoneSet>): BoneSet => ({ id: 'a', number: 1, origin: 'xray_network', frame: 'rig', aligned_to: null, ...fields }) as BoneSet;

describe('bone sets in words', () => {
  it('are named by number and origin', () => {
    expect(setLabel(set({ number: 2, origin: 'ct_network' }))).toBe('Bones 2 · CT network');
  });

  it('say what their source saw', () => {
    expect(seenWords({ cube_side_mm: 200 })).toContain('200 mm cube');
    expect(seenWords({ box_mm: [[-80, -70, -90], [80, 70, 100]] })).toBe('160 × 140 × 190 mm');
    expect(seenWords({ turned_boxes: [{ box_mm: [[0, 0, 0], [10, 20, 30]] }] })).toBe('10 × 20 × 30 mm, turned');
    expect(seenWords({ turned_boxes: [{ box_mm: [[-1e6, -1e6, -1e6], [1e6, 1e6, 70]] }] })).toContain('ends of the shafts');
    expect(seenWords({})).toBe('not stated');
  });

  it('say whose coordinates they are in', () => {
    const first = set({});
    expect(frameWords(first, [first])).toBe('That of the X-rays');
    expect(frameWords(set({ frame: 'own' }), [])).toBe('Its own');
    expect(frameWords(set({ id: 'b', aligned_to: 'a' }), [first])).toBe('Moved into that of bones 1');
  });

  it('find the current one and what was compared, whichever came first', () => {
    const sets = [set({}), set({ id: 'b', number: 2 })];
    expect(currentSet({ bone_sets: sets, current_bone_set: 'b' })?.number).toBe(2);
    expect(currentSet({ bone_sets: sets, current_bone_set: null })).toBeUndefined();
    const made = { first: 'a', second: 'b' } as Comparison;
    expect(comparisonOf([made], 'b', 'a')).toBe(made);
    expect(comparisonOf([made], 'a', 'c')).toBeUndefined();
  });
});

describe('how far bones are expected to be off', () => {
  it('is said for each bone', () => {
    const uncertainty = { femur: { mean_mm: 0.74, p95_mm: 1.86 }, tibia: { mean_mm: 0.6, p95_mm: 1.2 } };
    expect(uncertaintyWords({ uncertainty })).toBe('femur 0.7 (95 %: 1.9), tibia 0.6 (95 %: 1.2) mm expected');
  });

  it('is not promised of bones that are not trusted', () => {
    const uncertainty = { tibia: { mean_mm: 0.6, p95_mm: 1.2 } };
    const said = (trusted: boolean) => uncertaintyWords({ uncertainty, trust: { trusted, reasons: [] } });
    expect(said(true)).toBe('tibia 0.6 (95 %: 1.2) mm expected');
    expect(said(false)).toBe('tibia 0.6 (95 %: 1.2) mm expected, were this a knee that the network knows');
  });

  it('is left out where the report does not know', () => {
    expect(uncertaintyWords({})).toBe('');
  });
});
