/** Guides: the engineer's queue, designs, presets, signatures, comparisons and the C-arm view. */
import {
  keepPreviousData,
  useMutation,
  type UseMutationResult,
  useQuery,
  useQueryClient,
  type UseQueryResult,
} from '@tanstack/react-query';

import type { GuideParameter, GuidePreset } from '../domain/guides';
import type { Stroke } from '../domain/painting';
import { client, told } from './client';
import { fetchBytes } from './http';
import { useCaseRefresh } from './queries';
import type { components } from './schema';
import type { Guide, Job } from './types';

type Schemas = components['schemas'];
export type GuideQueue = Schemas['GuideQueue'];
export type ComparedGuides = Schemas['ComparedGuides'];
export type NewPreset = Schemas['GuidePresetCreateRequest'];

/** Under the key of the cases: whatever wakes the worklist wakes the queue as well. */
const QUEUE = ['cases', 'guides', 'queue'] as const;

export function useGuideQueue(): UseQueryResult<GuideQueue> {
  return useQuery({
    queryKey: QUEUE,
    queryFn: ({ signal }) => told(client.GET('/api/guides/queue/', { signal })),
    refetchInterval: 30_000,
  });
}

export interface Offered {
  parameters: GuideParameter[];
  presets: GuidePreset[];
}

export function useOffered(): UseQueryResult<Offered> {
  return useQuery({
    queryKey: ['guide-presets', 'all'],
    queryFn: ({ signal }) => told(client.GET('/api/guide-presets/', { signal })),
    staleTime: 60_000,
  });
}

export function useAddPreset(): UseMutationResult<GuidePreset, Error, NewPreset> {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body) => told(client.POST('/api/guide-presets/', { body })),
    onSuccess: () => cache.invalidateQueries({ queryKey: ['guide-presets'] }),
  });
}

export function useWithdrawPreset(): UseMutationResult<unknown, Error, string> {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (id) => told(client.DELETE('/api/guide-presets/{id}/', { params: { path: { id } } })),
    onSettled: () => cache.invalidateQueries({ queryKey: ['guide-presets'] }),
  });
}

export interface DesignRequest {
  plan: string;
  parameters: Record<string, number>;
  presets: string[];
  painting?: Stroke[];
  reason: string;
}

export function useDesignGuide(caseId: string): UseMutationResult<Job, Error, DesignRequest> {
  const refresh = useCaseRefresh(caseId);
  return useMutation({
    mutationFn: ({ plan, ...body }) => told(client.POST('/api/plans/{id}/guides/', { params: { path: { id: plan } }, body })),
    onSettled: refresh,
  });
}

export function useSignGuide(caseId: string): UseMutationResult<Guide, Error, { id: string; password: string }> {
  const refresh = useCaseRefresh(caseId);
  return useMutation({
    mutationFn: ({ id, password }) => told(client.POST('/api/guides/{id}/sign/', { params: { path: { id } }, body: { password } })),
    onSuccess: refresh,
  });
}

/** Ask the simulated surgeon to put a guide on other bones of its case. */
export function useTryGuide(caseId: string): UseMutationResult<Job, Error, { guide: string; boneSet: string }> {
  const refresh = useCaseRefresh(caseId);
  return useMutation({
    mutationFn: ({ guide, boneSet }) =>
      told(client.POST('/api/guides/{id}/trials/', { params: { path: { id: guide } }, body: { bone_set: boneSet } })),
    onSettled: refresh,
  });
}

/** Two designs, each on its own bones or both on one bone set; the tables of before stay until the next are there. */
export function useComparedGuides(id: string, other: string, bones: string | null): UseQueryResult<ComparedGuides> {
  const query = bones === null ? {} : { bones };
  return useQuery({
    queryKey: ['compared-guides', id, other, bones],
    queryFn: ({ signal }) => told(client.GET('/api/guides/{id}/compare/{other}/', { params: { path: { id, other }, query }, signal })),
    placeholderData: keepPreviousData,
  });
}

export interface CArm {
  primary: number;
  secondary: number;
  guide: boolean;
  wires: boolean;
}

/** A simulated radiograph as a picture; the one before stays until the next is there. */
export function useFluoroscopy(id: string, view: CArm): UseQueryResult<Blob> {
  const words = new URLSearchParams(Object.entries(view).map(([name, value]) => [name, String(value)]));
  return useQuery({
    queryKey: ['fluoroscopy', id, words.toString()],
    queryFn: async ({ signal }) =>
      new Blob([await fetchBytes(`/api/guides/${id}/fluoroscopy/?${words.toString()}`, signal)], { type: 'image/png' }),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    gcTime: 60_000,
    structuralSharing: false,
  });
}
