/** The long-leg film of a case: upload, removal, pixels, and what is measured on it. */
import { queryOptions, useMutation, type UseMutationResult } from '@tanstack/react-query';

import type { FilmPoints } from '../domain/filmPoints';
import { client, told } from './client';
import { fetchBytes, upload } from './http';
import { useCaseRefresh } from './queries';
import type { FilmReading, LegFilm } from './types';

export function uploadFilm(
  caseId: string,
  file: File,
  onProgress: (fraction: number) => void,
  signal: AbortSignal,
): Promise<LegFilm> {
  const form = new FormData();
  form.set('file', file);
  return upload<LegFilm>(`/api/cases/${caseId}/leg-films/`, form, onProgress, signal);
}

export function useDeleteFilm(caseId: string): UseMutationResult<unknown, Error, string> {
  const refresh = useCaseRefresh(caseId);
  return useMutation({
    mutationFn: (id) => told(client.DELETE('/api/leg-films/{id}/', { params: { path: { id } } })),
    onSuccess: refresh,
  });
}

/** Pixels that are shown, row by row; they never change under a hash. */
export function filmPixelsOptions(film: LegFilm) {
  return queryOptions({
    queryKey: ['film-pixels', film.id, film.sha256],
    queryFn: async ({ signal }) => {
      const pixels = new Uint16Array(await fetchBytes(film.pixels_url, signal));
      if (pixels.length !== film.shown_rows * film.shown_columns) throw new Error('The film arrived incomplete.');
      return pixels;
    },
    staleTime: Infinity,
    gcTime: 60_000,
  });
}

/** The server measures what was marked, and keeps it. */
export function useReadFilm(
  caseId: string,
  filmId: string,
): UseMutationResult<FilmReading, Error, { points: Required<FilmPoints>; mirrored: boolean }> {
  const refresh = useCaseRefresh(caseId);
  return useMutation({
    mutationFn: ({ points, mirrored }) => {
      const body = { points: Object.fromEntries(Object.entries(points).map(([name, place]) => [name, [...place]])), mirrored };
      return told(client.POST('/api/leg-films/{id}/readings/', { params: { path: { id: filmId } }, body }));
    },
    onSuccess: refresh,
  });
}
