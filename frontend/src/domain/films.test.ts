import { describe, expect, it } from 'vitest';

import type { BoneSet, CaseDetail, XrayImage } from '../api/types';
import { filmable } from './films';

const STATED = [
  [1, 0, 0, 0],
  [0, 0, -1, 0],
  [0, 0.001, 0, 1],
];
const CORRECTED = [
  [1, 0, 0, 0],
  [0, 0, -1, 1.5],
  [0, 0.001, 0, 1],
];
const image = (view: XrayImage['view']): XrayImage => ({ id: view, view, rows: 4, columns: 3, projection: STATED }) as XrayImage;
const detail = { images: { ap: image('ap'), lateral: image('lateral') } } as CaseDetail;
const bones = (cameras: BoneSet['cameras']): BoneSet => ({ cameras }) as BoneSet;
const camera = (projection: number[][]): BoneSet['cameras'][string] => ({ rows: 4, columns: 3, projection });

describe('filmable', () => {
  it('lays bones over the X-rays by the cameras of the bones, not by those that the X-rays state', () => {
    const films = filmable(detail, bones({ ap: camera(CORRECTED), lateral: camera(STATED) }));
    expect(films.map(({ view, projection }) => [view, projection])).toEqual([
      ['ap', CORRECTED],
      ['lateral', STATED],
    ]);
  });

  it('has no X-ray for bones in a frame of their own, nor one that is missing', () => {
    expect(filmable(detail, bones({}))).toEqual([]);
    const half = { images: { ap: null, lateral: image('lateral') } } as unknown as CaseDetail;
    expect(filmable(half, bones({ lateral: camera(CORRECTED) })).map(({ view }) => view)).toEqual(['lateral']);
  });
});
