import { useQueries } from '@tanstack/react-query';
import { useMemo } from 'react';

import { pixelsOptions } from '../../api/queries';
import type { XrayImage } from '../../api/types';
import type { FilmImage } from '../../scene/planner/film';
import type { PaneName } from '../../scene/planner/panes';

/** The view of the bones that looks as each X-ray does. */
const PANE_OF = { ap: 'frontal', lateral: 'sagittal' } as const satisfies Record<XrayImage['view'], PaneName>;

export type Films = Partial<Record<PaneName, FilmImage>>;

/** Pixels and cameras of X-rays by the view that they belong under, once they are there. */
export function useFilms(images: readonly XrayImage[]): Films {
  const queries = useQueries({ queries: images.map((image) => pixelsOptions(image)) });
  const loaded = queries.filter((query) => query.isSuccess).length;
  return useMemo(() => {
    const films: Films = {};
    images.forEach((image, i) => {
      const pixels = queries[i]?.data;
      const { id, sha256, projection, columns, rows, window } = image;
      // Bones of other cameras lie elsewhere on the same picture.
      if (pixels) films[PANE_OF[image.view]] = { id: `${id} ${sha256} ${projection.join()}`, projection, columns, rows, window, pixels };
    });
    return films;
    // Pixels arrive one after another, and never change once they are there.
    // oxlint-disable-next-line react/exhaustive-deps, react/exhaustive-effect-dependencies
  }, [images, loaded]);
}
