import { describe, expect, it } from 'vitest';

import {
  baseValues,
  betterOf,
  byState,
  checkWords,
  countChecks,
  type Guide,
  type GuideParameter,
  type GuidePreset,
  isSwitch,
  judgedOn,
  presetIds,
  presetsOf,
  type QueuedPlan,
  realChanges,
  sterilisationConflict,
  supersededWords,
  takenFrom,
  waitingWords,
  worthALook,
} from './guides';

const parameter = (name: string, standard: number): GuideParameter => ({
  name,
  label: name,
  unit: 'mm',
  min: 0,
  max: 10,
  default: standard,
  definition: '',
});
const PARAMETERS = [parameter('blade_thickness_mm', 1), parameter('slot_clearance_mm', 0.15), parameter('bone_clearance_mm', 0.3)];

const preset = (id: string, group: GuidePreset['group'], more: Partial<GuidePreset> = {}): GuidePreset => ({
  id,
  group,
  label: id,
  source: '',
  site: null,
  author: null,
  ...more,
});
const PRESETS = [
  preset('thick', 'saw_blade', { parameters: { blade_thickness_mm: 1.27 } }),
  preset('loose', 'printer', { parameters: { slot_clearance_mm: 0.3, blade_thickness_mm: 1.3 } }),
  preset('resin', 'material', { label: 'Resin', withstands: ['warm'] }),
  preset('warm', 'sterilisation', { label: 'Steam, 121 C' }),
  preset('hot', 'sterilisation', { label: 'Steam, 134 C' }),
];

describe('what a guide is made with', () => {
  it('lays presets over defaults in the order in which the engine gets them', () => {
    const chosen = { printer: 'loose', saw_blade: 'thick' };
    expect(presetIds(chosen)).toEqual(['thick', 'loose']);
    expect(baseValues(PARAMETERS, PRESETS, chosen)).toEqual({
      blade_thickness_mm: 1.3,
      slot_clearance_mm: 0.3,
      bone_clearance_mm: 0.3,
    });
  });

  it('leaves out a group without a preset, and a preset that is offered no more', () => {
    expect(presetIds({ wire: null, saw_blade: 'thick' })).toEqual(['thick']);
    expect(baseValues(PARAMETERS, PRESETS, { wire: 'gone' }).blade_thickness_mm).toBe(1);
  });

  it('sends only changes that change something', () => {
    const base = baseValues(PARAMETERS, PRESETS, { saw_blade: 'thick' });
    expect(realChanges({ blade_thickness_mm: 1.27, bone_clearance_mm: 0.5 }, base)).toEqual({ bone_clearance_mm: 0.5 });
  });

  it('begins the next design where the last one stood, as far as its presets are still offered', () => {
    const made = [
      { id: 'thick', group: 'saw_blade' as const, label: 'Thick' },
      { id: 'gone', group: 'wire' as const, label: 'Gone' },
    ];
    expect(presetsOf({ presets: made }, PRESETS)).toEqual({ saw_blade: 'thick' });
  });

  it('warns of a sterilisation that the material is not known to withstand', () => {
    expect(sterilisationConflict(PRESETS, { material: 'resin', sterilisation: 'warm' })).toBeNull();
    expect(sterilisationConflict(PRESETS, { material: 'resin', sterilisation: 'hot' })).toBe(
      'Resin is not known to withstand steam, 134 C.',
    );
    expect(sterilisationConflict(PRESETS, { sterilisation: 'hot' })).toBeNull();
  });

  it('knows a switch by its unit', () => {
    expect(isSwitch({ unit: 'on/off' })).toBe(true);
    expect(isSwitch({ unit: 'mm' })).toBe(false);
  });
});

describe('where designs stand', () => {
  it('puts those first on which somebody has to act, and leaves out empty groups', () => {
    const groups = byState([{ state: 'signed' as const }, { state: 'to_sign' as const }, { state: 'signed' as const }]);
    expect(groups.map(({ state, designs }) => [state, designs.length])).toEqual([
      ['to_sign', 1],
      ['signed', 2],
    ]);
  });

  it('says why a plan still waits', () => {
    const row = (designs: number, state?: string): QueuedPlan => ({ designs, job: state ? { state } : null }) as QueuedPlan;
    expect(waitingWords(row(0))).toBe('No design yet');
    expect(waitingWords(row(1))).toBe('One design, blocked');
    expect(waitingWords(row(3))).toBe('3 designs, all blocked');
    expect(waitingWords(row(0, 'failed'))).toBe('The last design stopped');
  });

  it('counts checks in the order of their weight', () => {
    const checks = (['pass', 'block', 'pass', 'warn'] as const).map((status) => ({ status }));
    expect(checkWords(countChecks(checks as never))).toBe('1 block, 1 to look at, 2 passed');
    expect(checkWords({ blocks: 0, warns: 0, passes: 54 })).toBe('54 passed');
  });
});

describe('the verdict', () => {
  it('asks to look at the lower half of the scale', () => {
    expect([1, 2, 3, 4, 5, 6].filter(worthALook)).toEqual([1, 2, 3]);
  });

  it('knows that less error and less loss are better, and more of everything else', () => {
    expect(betterOf('Cut angle error, 95 % of placements', 0.8, 1.2)).toBe('first');
    expect(betterOf('Contact lost under the saw', 10, 0)).toBe('second');
    expect(betterOf('Fitting', 4, 6)).toBe('second');
    expect(betterOf('Fitting', 6, 6)).toBeNull();
    expect(betterOf('Fitting', null, 6)).toBeNull();
  });
});

describe('a design on other bones', () => {
  const guide = {
    scores: { fitting: { score: 6 } },
    files: { preview: 'guide.stl', contact: 'own.ply' },
    trials: [{ bone_set: 'ct', scores: { fitting: { score: 3 } }, contact: 'ct.ply' }],
  } as unknown as Guide;

  it('shows scores and gaps of where it was tried, and its own elsewhere', () => {
    expect(judgedOn(guide, 'ct').scores?.fitting.score).toBe(3);
    expect(judgedOn(guide, 'ct').files).toEqual({ preview: 'guide.stl', contact: 'ct.ply' });
    expect(judgedOn(guide, 'own')).toBe(guide);
    expect(judgedOn(guide, null)).toBe(guide);
  });
});

describe('a design of a superseded plan', () => {
  it('says by which revision, in words and in the address of its files', () => {
    expect(supersededWords({ superseded_by: 3 })).toBe('Its plan was superseded by revision 3.');
    expect(takenFrom('/guide.stl', { superseded_by: 3 })).toBe('/guide.stl?superseded_by=3');
    expect(supersededWords({ superseded_by: null })).toBeNull();
    expect(takenFrom('/guide.stl', { superseded_by: null })).toBe('/guide.stl');
  });
});
