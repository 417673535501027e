import { useQueries } from '@tanstack/react-query';
import { useMemo } from 'react';

import { pixelsOptions } from '../../api/queries';
import type { BoneSet, CaseDetail, XrayImage } from '../../api/types';
import type { FilmImage } from '../../scene/planner/film';
import type { PaneName } from '../../scene/planner/panes';

/** The view of the bones that looks as each X-ray does. */
const PANE_OF = { ap: 'frontal', lateral: 'sagittal' } as const satisfies Record<XrayImage['view'], PaneName>;

export type Films = Partial<Record<PaneName, FilmImage>>;

/** The X-rays of a case that its bones can be laid over: bones and X-rays have one frame, so that cameras are known. */
export function filmable(detail: CaseDetail, boneSet: BoneSet): XrayImage[] {
  if (boneSet.frame !== 'rig') return [];
  return [detail.images.ap, detail.images.lateral].filter((image) => image !== null);
}

/** Their pixels and cameras by the view that they belong under, once they are there. */
export function useFilms(images: readonly XrayImage[]): Films {
  const queries = useQueries({ queries: images.map((image) => pixelsOptions(image)) });
  const loaded = queries.filter((query) => query.isSuccess).length;
  return useMemo(() => {
    const films: Films = {};
    images.forEach((image, i) => {
      const pixels = queries[i]?.data;
      const { id, sha256, projection, columns, rows, window } = image;
      if (pixels) films[PANE_OF[image.view]] = { id: `${id} ${sha256}`, projection, columns, rows, window, pixels };
    });
    return films;
    // Pixels arrive one after another, and never change once they are there.
    // oxlint-disable-next-line react/exhaustive-deps, react/exhaustive-effect-dependencies
  }, [images, loaded]);
}
