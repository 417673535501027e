/** Plans: live previews, stored revisions, their differences, alternatives, approval and its withdrawal. */
import {
  keepPreviousData,
  useMutation,
  type UseMutationResult,
  useQuery,
  useQueryClient,
  type UseQueryResult,
} from '@tanstack/react-query';
import { useState } from 'react';

import type { PlanDocument } from '../domain/plan';
import type { PlanRequest } from '../domain/planWire';
import { client, told } from './client';
import { useCaseRefresh } from './queries';
import type { CorrectedXrays, Plan, PlanAlternative, PlanChange } from './types';

export interface LivePreview {
  /** The newest plan that the server could make, perhaps of a moment ago. */
  document: PlanDocument | null;
  /** Whether it is the plan that is asked for now. */
  exact: boolean;
  pending: boolean;
  /** Why the plan that is asked for now cannot be made. */
  error: unknown;
  retry: () => void;
}

/**
 * The plan document of a request while a hand moves: one question at a time, and the next one is the newest, so that
 * numbers follow as fast as the server answers and never fall behind.
 */
export function usePreview(caseId: string, request: PlanRequest | null): LivePreview {
  const [asked, setAsked] = useState(request);
  const wanted = JSON.stringify(request);
  const query = useQuery({
    queryKey: ['preview', caseId, asked],
    enabled: asked !== null,
    queryFn: ({ signal }) => preview(caseId, asked as PlanRequest, signal),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    gcTime: 60_000,
    retry: false,
  });
  const { isFetching } = query;
  // While rendering, not after it: the question is to leave before the frame is drawn.
  if (!isFetching && JSON.stringify(asked) !== wanted) setAsked(JSON.parse(wanted) as PlanRequest | null);

  // A plan that cannot be made leaves the one before it on the screen.
  const [last, setLast] = useState<PlanDocument | null>(null);
  if (query.data && query.data !== last) setLast(query.data);
  const current = JSON.stringify(asked) === wanted;
  return {
    document: query.data ?? last,
    exact: current && query.isSuccess && !query.isPlaceholderData,
    pending: isFetching || !current,
    error: current ? query.error : null,
    retry: () => void query.refetch(),
  };
}

async function preview(id: string, body: PlanRequest, signal: AbortSignal): Promise<PlanDocument> {
  const answer = client.POST('/api/cases/{id}/plan-preview/', { params: { path: { id } }, body, signal });
  return (await told(answer)).document;
}

export function planOptions(id: string | undefined) {
  return {
    queryKey: ['plan', id],
    enabled: id !== undefined,
    queryFn: ({ signal }: { signal: AbortSignal }): Promise<Plan> =>
      told(client.GET('/api/plans/{id}/', { params: { path: { id: id ?? '' } }, signal })),
    staleTime: 60_000,
  };
}

export function usePlan(id: string | undefined): UseQueryResult<Plan> {
  return useQuery(planOptions(id));
}

export function useSavePlan(caseId: string): UseMutationResult<Plan, Error, PlanRequest & { reason: string }> {
  const cache = useQueryClient();
  const refresh = useCaseRefresh(caseId);
  return useMutation({
    mutationFn: (body) => told(client.POST('/api/cases/{id}/plans/', { params: { path: { id: caseId } }, body })),
    onSuccess: (plan) => {
      cache.setQueryData(['plan', plan.id], plan);
      return refresh();
    },
  });
}

/** After a change of a plan's standing: the plan and its case are asked for again. */
function usePlanRefresh(caseId: string): () => Promise<void> {
  const cache = useQueryClient();
  const refresh = useCaseRefresh(caseId);
  return async () => {
    await cache.invalidateQueries({ queryKey: ['plan'] });
    await refresh();
  };
}

export function useApprovePlan(caseId: string): UseMutationResult<unknown, Error, { id: string; password: string }> {
  const refresh = usePlanRefresh(caseId);
  return useMutation({
    mutationFn: ({ id, password }) =>
      told(client.POST('/api/plans/{id}/approve/', { params: { path: { id } }, body: { password } })),
    onSuccess: refresh,
  });
}

export function useWithdrawPlan(
  caseId: string,
): UseMutationResult<unknown, Error, { id: string; password: string; reason: string }> {
  const refresh = usePlanRefresh(caseId);
  return useMutation({
    mutationFn: ({ id, ...body }) => told(client.POST('/api/plans/{id}/withdraw/', { params: { path: { id } }, body })),
    onSuccess: refresh,
  });
}

/** Several plans for the same leg with the technique, film and landmarks of a request; its target is not looked at. */
export function useAlternatives(caseId: string, request: PlanRequest): UseQueryResult<PlanAlternative[]> {
  return useQuery({
    queryKey: ['alternatives', caseId, request],
    queryFn: async ({ signal }) => {
      const answer = client.POST('/api/cases/{id}/plans/alternatives/', { params: { path: { id: caseId } }, body: request, signal });
      return (await told(answer)).rows;
    },
    staleTime: Infinity,
    gcTime: 60_000,
    retry: false,
  });
}

/** What changed from one revision to another; revisions never change. */
export function usePlanDiff(id: string, other: string): UseQueryResult<PlanChange[]> {
  return useQuery({
    queryKey: ['plan-diff', id, other],
    enabled: id !== other,
    queryFn: async ({ signal }) => {
      const answer = client.GET('/api/plans/{id}/diff/{other}/', { params: { path: { id, other } }, signal });
      return (await told(answer)).changes;
    },
    staleTime: Infinity,
  });
}

/** Has the exact fragments of a plan made that has none; every plan that is saved asks by itself. */
export function useMakeSolids(caseId: string): UseMutationResult<unknown, Error, string> {
  const refresh = usePlanRefresh(caseId);
  return useMutation({
    mutationFn: (id) => told(client.POST('/api/plans/{id}/solids/', { params: { path: { id } } })),
    onSuccess: refresh,
  });
}

/** Where X-rays of the knee as a stored plan leaves it can be had. */
export function useCorrectedXrays({ id, solids }: Partial<Pick<Plan, 'id' | 'solids'>>): UseQueryResult<CorrectedXrays> {
  return useQuery({
    // They are other pictures once the exact fragments are there.
    queryKey: ['corrected-xrays', id, solids?.state === 'made'],
    enabled: id !== undefined,
    queryFn: ({ signal }) =>
      told(client.GET('/api/plans/{id}/corrected-xrays/', { params: { path: { id: id ?? '' } }, signal })),
    staleTime: Infinity,
  });
}
