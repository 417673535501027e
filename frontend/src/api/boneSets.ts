/** Bone sets beside one another: CTs, imports, the one that is planned on, comparisons. */
import { useMutation, type UseMutationResult } from '@tanstack/react-query';

import { client, told } from './client';
import { fetchBytes, upload } from './http';
import { useCaseRefresh } from './queries';
import type { BoneFrame, CtScan, Job, MeshUnits } from './types';

export function uploadCt(
  caseId: string,
  file: File,
  onProgress: (fraction: number) => void,
  signal: AbortSignal,
): Promise<CtScan> {
  const form = new FormData();
  form.set('file', file);
  return upload<CtScan>(`/api/cases/${caseId}/ct-scans/`, form, onProgress, signal);
}

export interface MeshImport {
  /** Which bone each file holds; null for an OBJ with a group a bone. */
  files: readonly { file: File; bone: string | null }[];
  units: MeshUnits;
  frame: BoneFrame;
  alignOn: readonly string[];
  software: string;
}

export function importMeshes(
  caseId: string,
  given: MeshImport,
  onProgress: (fraction: number) => void,
  signal: AbortSignal,
): Promise<Job> {
  const form = new FormData();
  for (const { file, bone } of given.files) {
    form.append('files', file);
    form.append('bones', bone ?? '');
  }
  form.set('units', given.units);
  form.set('frame', given.frame);
  for (const bone of given.alignOn) form.append('align_on', bone);
  form.set('software', given.software);
  return upload<Job>(`/api/cases/${caseId}/bone-imports/`, form, onProgress, signal);
}

export function useReconstructCt(caseId: string): UseMutationResult<Job, Error, string> {
  const refresh = useCaseRefresh(caseId);
  return useMutation({
    mutationFn: (id) => told(client.POST('/api/ct-scans/{id}/reconstructions/', { params: { path: { id } } })),
    onSettled: refresh,
  });
}

export function useDeleteCt(caseId: string): UseMutationResult<unknown, Error, string> {
  const refresh = useCaseRefresh(caseId);
  return useMutation({
    mutationFn: (id) => told(client.DELETE('/api/ct-scans/{id}/', { params: { path: { id } } })),
    onSettled: refresh,
  });
}

export function useChooseBones(caseId: string): UseMutationResult<unknown, Error, string> {
  const refresh = useCaseRefresh(caseId);
  return useMutation({
    mutationFn: (id) => told(client.POST('/api/bone-sets/{id}/choose/', { params: { path: { id } } })),
    onSuccess: refresh,
  });
}

export function useCompare(caseId: string): UseMutationResult<Job, Error, { first: string; second: string }> {
  const refresh = useCaseRefresh(caseId);
  return useMutation({
    mutationFn: ({ first, second }) =>
      told(
        client.POST('/api/bone-sets/{id}/comparisons/', { params: { path: { id: first } }, body: { other: second } }),
      ),
    onSettled: refresh,
  });
}

/** A distance for each vertex of a display mesh, mm, NaN where only one source saw; it never changes. */
export function distanceOptions(url: string) {
  return {
    queryKey: ['distances', url],
    queryFn: async ({ signal }: { signal: AbortSignal }) => new Float32Array(await fetchBytes(url, signal)),
    staleTime: Infinity,
    gcTime: 60_000,
    structuralSharing: false,
  };
}
