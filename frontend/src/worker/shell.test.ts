import { describe, expect, it } from 'vitest';

import { serverIsAway, sourceOf } from './shell';

const HERE = 'https://knee.example';

function source(path: string, mode = 'cors', method = 'GET'): string {
  return sourceOf({ method, mode, url: new URL(path, HERE).href }, HERE);
}

describe('the keeper of the pages', () => {
  it('answers for pages, whichever address they have', () => {
    for (const path of ['/', '/rating', '/rating/4f1c', '/apiary']) expect(source(path, 'navigate')).toBe('page');
  });

  it('answers for assets', () => {
    for (const path of ['/static/assets/index-B1wYB-nv.js', '/static/mark.svg']) expect(source(path)).toBe('asset');
  });

  it('never answers for data, downloads, live connections or other hosts', () => {
    for (const path of ['/api/rating/studies/', '/ws/worklist/', '/health/', '/mark.svg']) {
      expect(source(path)).toBe('server');
    }
    expect(source('/api/studies/4f1c/report/report.pdf', 'navigate')).toBe('server');
    expect(source('/rating', 'navigate', 'POST')).toBe('server');
    expect(source('https://elsewhere.example/', 'navigate')).toBe('server');
  });

  it('knows a proxy without its server', () => {
    expect([500, 502, 503, 504, 404].map(serverIsAway)).toEqual([false, true, true, true, false]);
  });
});
