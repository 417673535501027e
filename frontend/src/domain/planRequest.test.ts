import { describe, expect, it } from 'vitest';

import type { PlanDocument } from './plan';
import {
  aimAt,
  clampTarget,
  FRESH,
  type PlanState,
  sameState,
  techniqueWords,
  withCut,
  withGrip,
  withKind,
  withLandmark,
  withMeasuredFilm,
  withoutLandmark,
  withTypedFilm,
} from './planRequest';
import { fromDocument, fromRequest, readDraft, toRequest } from './planWire';

const CUT = { start_point: [-30.004, 0, -35], hinge_point: [30, 0, -30] };

const rich: PlanState = {
  ...withCut(withLandmark(FRESH, 'tuberosity', [1.004, 2, 3]), CUT),
  target: 'target_wbl',
  value: 58,
  tuberosity: 'proximal',
  slopeChange: -1.5,
  jlcaCompensation: true,
  longFilmHka: 173.5,
};

describe('what is asked of a plan', () => {
  it('goes to the server with exactly one target, and comes back the same', () => {
    const request = toRequest(rich, 'b');
    expect(Object.keys(request).filter((key) => /^(target_|correction)/.test(key))).toEqual(['target_wbl']);
    expect(request.bone_set).toBe('b');
    expect(sameState(fromRequest(request), rich)).toBe(true);
    expect('cut' in toRequest(FRESH, null)).toBe(false);
  });

  it('rounds places to a hundredth of a millimetre', () => {
    expect(rich.landmarks.tuberosity).toEqual([1, 2, 3]);
    expect(rich.cut?.start_point).toEqual([-30, 0, -35]);
  });

  it('forgets a landmark that is put back', () => {
    const back = withoutLandmark(rich, 'tuberosity');
    expect(back.landmarks).toEqual({});
    expect(withoutLandmark(back, 'tuberosity')).toBe(back);
  });

  it('is the same plan whatever the order in which landmarks were moved', () => {
    const one = withLandmark(withLandmark(FRESH, 'a', [1, 1, 1]), 'b', [2, 2, 2]);
    const other = withLandmark(withLandmark(FRESH, 'b', [2, 2, 2]), 'a', [1, 1, 1]);
    expect(sameState(one, other)).toBe(true);
    expect(sameState(one, withLandmark(other, 'a', [1, 1, 2]))).toBe(false);
  });

  it('tilts the cut by its start or hinge, and shifts it by its middle', () => {
    const place = [-30, 0, -40];
    const moved = [0, 0, -5];
    expect(withGrip(FRESH, 'cut:start', place, moved, CUT).cut).toEqual({ start_point: [-30, 0, -40], hinge_point: [30, 0, -30] });
    expect(withGrip(FRESH, 'cut:hinge', [28, 0, -29], moved, CUT).cut).toEqual({ start_point: [-30, 0, -35], hinge_point: [28, 0, -29] });
    expect(withGrip(FRESH, 'cut:plane', place, moved, CUT).cut).toEqual({ start_point: [-30, 0, -40], hinge_point: [30, 0, -35] });
  });

  it('keeps the tuberosity below a closing wedge, and drops a cut of the other side', () => {
    const closing = withKind(rich, 'lateral_closing_wedge');
    expect(closing.tuberosity).toBe('distal');
    expect(closing.cut).toBeNull();
    expect(withKind(closing, 'lateral_closing_wedge')).toBe(closing);
  });

  it('aims at another measure from where it stands', () => {
    expect(aimAt(FRESH, 'target_hka', 181.23)).toMatchObject({ target: 'target_hka', value: 181.2 });
    expect(aimAt(FRESH, 'target_wbl', undefined).value).toBe(62.5);
  });

  it('keeps what a film was measured as until another angle is typed', () => {
    const measured = withMeasuredFilm(rich, { id: 'r', angles: { HKA: 174.26, JLCA: -0.04 } });
    expect(measured).toMatchObject({ longFilmHka: 174.3, longFilmJlca: 0, filmReading: 'r' });
    expect(sameState(fromRequest(toRequest(measured, 'b')), measured)).toBe(true);
    expect(withTypedFilm(measured, { longFilmHka: 174.3 })).toBe(measured);
    for (const typed of [{ longFilmHka: 175 }, { longFilmHka: null }, { longFilmJlca: 2 }]) {
      expect(withTypedFilm(measured, typed)).toMatchObject({ ...typed, filmReading: null });
    }
  });

  it('says on a button what is unusual', () => {
    expect(techniqueWords(FRESH)).toBe('Opening, distal');
    expect(techniqueWords(rich)).toBe('Opening, proximal, slope −1.5°, JLCA, film');
    expect(techniqueWords({ ...FRESH, kind: 'lateral_closing_wedge', slopeChange: 2 })).toBe('Closing, slope +2.0°');
  });

  it('keeps targets within their bounds', () => {
    expect(clampTarget('correction_deg', 25)).toBe(20);
    expect(clampTarget('correction_deg', 7.3333)).toBe(7.3);
    expect(clampTarget('target_wbl', 5)).toBe(30);
    expect(clampTarget('target_hka', Number.NaN)).toBe(170);
  });
});

describe('where a state comes from', () => {
  it('reads the document of a stored plan', () => {
    const document = {
      technique: { kind: 'medial_opening_wedge', tuberosity: 'proximal', slope_change_deg: 2, jlca_compensation: true },
      target: { measure: 'HKA', value: 182.5 },
      long_film: { HKA: 172, JLCA: null, landmarks: {} },
      landmarks: {
        tuberosity: { position: [1, 2, 3], provenance: 'edited' },
        hip_center: { position: [0, 0, 400], provenance: 'imputed' },
      },
      osteotomy: { correction_deg: 9.1234 },
    } as unknown as PlanDocument;
    expect(fromDocument(document)).toEqual({
      ...FRESH,
      target: 'target_hka',
      value: 182.5,
      tuberosity: 'proximal',
      slopeChange: 2,
      jlcaCompensation: true,
      longFilmHka: 172,
      landmarks: { tuberosity: [1, 2, 3] },
    });
  });

  it('takes only drafts that are drafts', () => {
    expect(readDraft(JSON.stringify(rich))).toEqual(rich);
    for (const text of [null, '', '8', '{"target":"nothing","value":1}', '{"target":"target_wbl"}']) {
      expect(readDraft(text)).toBeNull();
    }
  });
});
