/** What the pages ask and change, as TanStack Query hooks. */
import {
  keepPreviousData,
  queryOptions,
  useMutation,
  type UseMutationResult,
  useQuery,
  useQueryClient,
  type UseQueryResult,
} from '@tanstack/react-query';
import { useEffect } from 'react';
import type { BufferGeometry } from 'three';

import { forgetAllBut, keptStudies } from '../domain/kept';
import { client, told } from './client';
import { isAway } from './errors';
import { fetchBytes, upload } from './http';
import { listen } from './live';
import { rememberToken } from './session';
import { shelf } from './shelf';
import type {
  CaseDetail,
  CaseSummary,
  Job,
  Outlines,
  Person,
  PersonRecord,
  Role,
  Session,
  Side,
  XrayImage,
  XrayView,
} from './types';

// ---- session ---------------------------------------------------------------

async function askSession(): Promise<Session> {
  const session = await told(client.GET('/api/session/'));
  rememberToken(session.csrf_token);
  forgetAllBut(shelf, session.person?.id ?? null, Date.now());
  return session;
}

/** Who was here when the server was last there, for pages that work without it; the server decides as soon as it is back. */
function keptSession(): (Session & { kept: true }) | null {
  const [last] = keptStudies<Person, { id: string }>(shelf, Date.now());
  return last ? { person: last.person, csrf_token: '', kept: true } : null;
}

async function readSession(): Promise<Session & { kept?: true }> {
  try {
    return await askSession();
  } catch (error) {
    const kept = isAway(error) ? keptSession() : null;
    if (kept) return kept;
    throw error;
  }
}

export function useSession(): { person: Person | null; isPending: boolean; error: unknown } {
  const query = useQuery({
    queryKey: ['session'],
    queryFn: readSession,
    networkMode: 'offlineFirst', // what the device keeps is there without a network
    staleTime: Infinity,
    retry: 2,
    refetchInterval: ({ state }) => (state.data?.kept ? 10_000 : false),
    refetchOnReconnect: ({ state }) => (state.data?.kept ? 'always' : true),
  });
  return { person: query.data?.person ?? null, isPending: query.isPending, error: query.error };
}

export function useLogIn(): UseMutationResult<Session, Error, { username: string; password: string }> {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async (body) => {
      // The browser may have dropped the token's cookie together with the session's; this brings a fresh pair.
      await askSession();
      const session = await told(client.POST('/api/session/', { body }));
      rememberToken(session.csrf_token);
      return session;
    },
    onSuccess: (session) => {
      cache.setQueryData(['session'], session);
      void cache.invalidateQueries({ predicate: (query) => query.queryKey[0] !== 'session' });
    },
  });
}

export function useLogOut(): UseMutationResult<unknown, Error, void> {
  return useMutation({
    mutationFn: () => told(client.DELETE('/api/session/')),
    // A fresh page: nothing of this person stays in memory, nor on the device but what is still to be sent.
    onSettled: () => {
      forgetAllBut(shelf, null, Date.now());
      location.assign('/');
    },
  });
}

// ---- cases -----------------------------------------------------------------

/** As many pages as are sensible to show at once; beyond that the search narrows. */
const MAXIMUM_PAGES = 10;

export interface CaseList {
  cases: CaseSummary[];
  count: number;
}

export function useCases(search: string): UseQueryResult<CaseList> {
  return useQuery({
    queryKey: ['cases', search],
    queryFn: async ({ signal }) => {
      const cases: CaseSummary[] = [];
      let count = 0;
      for (let page = 1; page <= MAXIMUM_PAGES; page++) {
        const answer = await told(
          client.GET('/api/cases/', { params: { query: { search, page } }, signal }),
        );
        cases.push(...answer.results);
        count = answer.count;
        if (!answer.next) break;
      }
      return { cases, count };
    },
    placeholderData: keepPreviousData,
    refetchInterval: 30_000,
  });
}

export function caseOptions(id: string) {
  return queryOptions({
    queryKey: ['case', id],
    queryFn: ({ signal }): Promise<CaseDetail> =>
      told(client.GET('/api/cases/{id}/', { params: { path: { id } }, signal })),
    refetchInterval: (query) => (query.state.data?.active_job ? 10_000 : false),
  });
}

export function useCase(id: string): UseQueryResult<CaseDetail> {
  return useQuery(caseOptions(id));
}

/** Wake-ups of the worklist: whatever changed is asked for again. */
export function useWorklistLive(): void {
  const cache = useQueryClient();
  useEffect(() => {
    const live = listen(
      () => '/ws/worklist/',
      (message) => {
        void cache.invalidateQueries({ queryKey: ['cases'] });
        if (typeof message === 'object' && message !== null && 'case' in message) {
          void cache.invalidateQueries({ queryKey: ['case', message.case] });
        }
      },
      () => {
        void cache.invalidateQueries({ queryKey: ['cases'] });
        void cache.invalidateQueries({ queryKey: ['case'] });
      },
    );
    return live.close;
  }, [cache]);
}

export function useCreateCase(): UseMutationResult<
  CaseDetail,
  Error,
  { pseudonym: string; side: Side; urgent: boolean }
> {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body) => told(client.POST('/api/cases/', { body })),
    onSuccess: (created) => {
      cache.setQueryData(['case', created.id], created);
      return cache.invalidateQueries({ queryKey: ['cases'] });
    },
  });
}

/** After a change of a case, both the case and the worklist are asked for again. */
export function useCaseRefresh(id: string): () => Promise<void> {
  const cache = useQueryClient();
  return async () => {
    void cache.invalidateQueries({ queryKey: ['cases'] });
    await cache.invalidateQueries({ queryKey: ['case', id] });
  };
}

export function useSetUrgent(id: string): UseMutationResult<unknown, Error, boolean> {
  const refresh = useCaseRefresh(id);
  return useMutation({
    mutationFn: (urgent) => told(client.PATCH('/api/cases/{id}/', { params: { path: { id } }, body: { urgent } })),
    onSuccess: refresh,
  });
}

// ---- images ----------------------------------------------------------------

export function uploadImage(
  caseId: string,
  view: XrayView,
  file: File,
  onProgress: (fraction: number) => void,
  signal?: AbortSignal,
): Promise<XrayImage> {
  const form = new FormData();
  form.set('view', view);
  form.set('file', file);
  return upload<XrayImage>(`/api/cases/${caseId}/images/`, form, onProgress, signal);
}

export function useDeleteImage(caseId: string): UseMutationResult<unknown, Error, string> {
  const refresh = useCaseRefresh(caseId);
  return useMutation({
    mutationFn: (id) => told(client.DELETE('/api/images/{id}/', { params: { path: { id } } })),
    onSuccess: refresh,
  });
}

/** Stored pixels of an X-ray, row by row; they never change under a hash. */
export function pixelsOptions(image: XrayImage) {
  return queryOptions({
    queryKey: ['pixels', image.id, image.sha256],
    queryFn: async ({ signal }) => {
      const pixels = new Uint16Array(await fetchBytes(image.pixels_url, signal));
      if (pixels.length !== image.rows * image.columns) throw new Error('The image arrived incomplete.');
      return pixels;
    },
    staleTime: Infinity,
    gcTime: 60_000,
  });
}

export function usePixels(image: XrayImage): UseQueryResult<Uint16Array<ArrayBuffer>> {
  return useQuery(pixelsOptions(image));
}

// ---- bones -----------------------------------------------------------------

export function useOutlines(id: string | undefined): UseQueryResult<Outlines> {
  return useQuery({
    queryKey: ['outlines', id],
    enabled: id !== undefined,
    queryFn: ({ signal }) =>
      told(client.GET('/api/bone-sets/{id}/outlines/', { params: { path: { id: id ?? '' } }, signal })),
    staleTime: Infinity,
  });
}

/** A mesh by its address, parsed; meshes never change under an address. */
export function geometryOptions(url: string, parse: (data: ArrayBuffer) => BufferGeometry) {
  return queryOptions({
    queryKey: ['geometry', url],
    queryFn: async ({ signal }) => parse(await fetchBytes(url, signal)),
    staleTime: Infinity,
    gcTime: 60_000,
    structuralSharing: false,
  });
}

// ---- jobs ------------------------------------------------------------------

export function useReconstruct(caseId: string): UseMutationResult<Job, Error, void> {
  const refresh = useCaseRefresh(caseId);
  return useMutation({
    mutationFn: () => told(client.POST('/api/cases/{id}/reconstructions/', { params: { path: { id: caseId } } })),
    onSettled: refresh,
  });
}

export function useCancelJob(caseId: string): UseMutationResult<unknown, Error, string> {
  const refresh = useCaseRefresh(caseId);
  return useMutation({
    mutationFn: (id) => told(client.POST('/api/jobs/{id}/cancel/', { params: { path: { id } } })),
    onSettled: refresh,
  });
}

export function useRetryJob(caseId: string): UseMutationResult<Job, Error, string> {
  const refresh = useCaseRefresh(caseId);
  return useMutation({
    mutationFn: (id) => told(client.POST('/api/jobs/{id}/retry/', { params: { path: { id } } })),
    onSettled: refresh,
  });
}

// ---- people ----------------------------------------------------------------

export function usePeople(): UseQueryResult<PersonRecord[]> {
  return useQuery({
    queryKey: ['people'],
    queryFn: ({ signal }) => told(client.GET('/api/people/', { signal })),
  });
}

export function useCreatePerson(): UseMutationResult<
  PersonRecord,
  Error,
  { username: string; name: string; password: string; roles: Role[] }
> {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body) => told(client.POST('/api/people/', { body })),
    onSuccess: () => cache.invalidateQueries({ queryKey: ['people'] }),
  });
}

export function useChangePerson(): UseMutationResult<
  PersonRecord,
  Error,
  { id: string; roles?: Role[]; is_active?: boolean; name?: string; password?: string }
> {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: ({ id, ...body }) => told(client.PATCH('/api/people/{id}/', { params: { path: { id } }, body })),
    onSuccess: () => cache.invalidateQueries({ queryKey: ['people'] }),
  });
}
