/** Studies as those who run them see them: who is how far, never what anybody answered. */
import { useMutation, type UseMutationResult, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';

import type { StudyReport } from '../domain/studyReport';
import { client, told } from './client';
import type { components } from './schema';

type Schemas = components['schemas'];
export type StudyKind = Schemas['StudyKind'];
export type StudyState = Schemas['StudyState'];
export type StudySummary = Schemas['StudySummary'];
export type Study = Schemas['Study'];
export type StudyQuestion = Schemas['Question'];
export type StudyCase = Schemas['StudyCase'];
export type StudyOptions = Schemas['StudyOptions'];
export type Candidate = Schemas['Candidate'];
export type RaterCandidate = Schemas['RaterCandidate'];
export type Missing = Schemas['Missing'];
export type RaterProgress = Schemas['Progress'];
export type RaterItem = Schemas['RaterItem'];
export type Deviation = Schemas['Deviation'];
export type ShownItem = Schemas['Shown'];
export type SignatureMeaning = Schemas['SignatureMeaning'];
export type NewStudy = Schemas['StudyCreateRequest'];
export type NewQuestion = Schemas['NewQuestionRequest'];
export type NewCase = Schemas['NewTrainingCaseRequest'];

/** While jobs blind cases, and while raters rate, milliseconds. */
const WATCHING = { ready: 3000, running: 15_000 } as const;

export function useStudies(): UseQueryResult<StudySummary[]> {
  return useQuery({
    queryKey: ['studies'],
    queryFn: ({ signal }) => told(client.GET('/api/studies/', { signal })),
  });
}

export function useStudy(id: string): UseQueryResult<Study> {
  return useQuery({
    queryKey: ['studies', id],
    queryFn: ({ signal }) => told(client.GET('/api/studies/{id}/', { params: { path: { id } }, signal })),
    refetchInterval: ({ state }) => WATCHING[state.data?.state as keyof typeof WATCHING] ?? false,
  });
}

export function useReadiness(study: Study): UseQueryResult<Schemas['Readiness']> {
  const { id, state } = study;
  return useQuery({
    queryKey: ['studies', id, 'readiness'],
    queryFn: ({ signal }) =>
      told(client.GET('/api/studies/{id}/readiness/', { params: { path: { id } }, signal })),
    enabled: state === 'draft' || state === 'ready',
    refetchInterval: state === 'ready' ? WATCHING.ready : false,
  });
}

/** What may be chosen at a site; beside a study, what is not in it yet. */
export function useStudyOptions(kind: StudyKind, beside: { site?: string; study?: string }): UseQueryResult<StudyOptions> {
  return useQuery({
    queryKey: ['study-options', kind, beside],
    queryFn: ({ signal }) =>
      told(client.GET('/api/study-options/', { params: { query: { kind, ...beside } }, signal })),
  });
}

export function useProgress(study: Study): UseQueryResult<RaterProgress[]> {
  const { id, state } = study;
  return useQuery({
    queryKey: ['studies', id, 'progress'],
    queryFn: ({ signal }) => told(client.GET('/api/studies/{id}/progress/', { params: { path: { id } }, signal })),
    refetchInterval: state === 'running' ? WATCHING.running : false,
  });
}

export function useRaterItems(id: string, rater: string): UseQueryResult<RaterItem[]> {
  return useQuery({
    queryKey: ['studies', id, 'items', rater],
    queryFn: ({ signal }) =>
      told(client.GET('/api/studies/{id}/raters/{rater}/items/', { params: { path: { id, rater } }, signal })),
  });
}

export function useDeviations(id: string): UseQueryResult<Deviation[]> {
  return useQuery({
    queryKey: ['studies', id, 'deviations'],
    queryFn: ({ signal }) =>
      told(client.GET('/api/studies/{id}/deviations/', { params: { path: { id } }, signal })),
  });
}

/** Only of an unblinded study; it never changes any more. */
export function useStudyReport(id: string): UseQueryResult<StudyReport> {
  return useQuery({
    queryKey: ['study-report', id],
    queryFn: async ({ signal }) => {
      const report: unknown = await told(client.GET('/api/studies/{id}/report/', { params: { path: { id } }, signal }));
      return report as StudyReport;
    },
    staleTime: Infinity,
  });
}

/** One change of a study; afterwards everything that is shown of studies is asked for again. */
export function useStudyAct<Given, Made>(act: (given: Given) => Promise<Made>): UseMutationResult<Made, Error, Given> {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSettled: async () => {
      void cache.invalidateQueries({ queryKey: ['study-options'] });
      await cache.invalidateQueries({ queryKey: ['studies'] });
    },
  });
}

export interface Signed {
  name: string;
  password: string;
  reason: string;
}

/** The changes themselves, for `useStudyAct`. */
export const studyActs = {
  create: (body: NewStudy) => told(client.POST('/api/studies/', { body })),
  setDistance: (id: string) => (distance: number) =>
    told(client.PATCH('/api/studies/{id}/', { params: { path: { id } }, body: { distance } })),
  addQuestion: (id: string) => (body: NewQuestion) =>
    told(client.POST('/api/studies/{id}/questions/', { params: { path: { id } }, body })),
  setMargin: (id: string) => ({ key, margin }: { key: string; margin: number | null }) =>
    told(client.PATCH('/api/studies/{id}/questions/{key}/', { params: { path: { id, key } }, body: { margin } })),
  removeQuestion: (id: string) => (key: string) =>
    told(client.DELETE('/api/studies/{id}/questions/{key}/', { params: { path: { id, key } } })),
  addCases: (id: string) => (cases: NewCase[]) =>
    told(client.POST('/api/studies/{id}/cases/', { params: { path: { id } }, body: { cases } })),
  removeCase: (id: string) => (study_case: string) =>
    told(client.DELETE('/api/studies/{id}/cases/{case}/', { params: { path: { id, case: study_case } } })),
  withdrawCase: (id: string, study_case: string) => (reason: string) =>
    told(
      client.POST('/api/studies/{id}/cases/{case}/withdraw/', {
        params: { path: { id, case: study_case } },
        body: { reason },
      }),
    ),
  addRaters: (id: string) => (raters: string[]) =>
    told(client.POST('/api/studies/{id}/raters/', { params: { path: { id } }, body: { raters } })),
  removeRater: (id: string) => (rater: string) =>
    told(client.DELETE('/api/studies/{id}/raters/{rater}/', { params: { path: { id, rater } } })),
  withdrawRater: (id: string, rater: string) => (reason: string) =>
    told(client.POST('/api/studies/{id}/raters/{rater}/withdraw/', { params: { path: { id, rater } }, body: { reason } })),
  remind: (id: string, rater: string) => (text: string) =>
    told(client.POST('/api/studies/{id}/raters/{rater}/reminders/', { params: { path: { id, rater } }, body: { text } })),
  withdrawItem: (id: string, rater: string, code: string) => (reason: string) =>
    told(
      client.POST('/api/studies/{id}/raters/{rater}/items/{code}/withdraw/', {
        params: { path: { id, rater, code } },
        body: { reason },
      }),
    ),
  unblindItem: (id: string, rater: string, code: string) => ({ reason, password }: Signed) =>
    told(
      client.POST('/api/studies/{id}/raters/{rater}/items/{code}/unblind/', {
        params: { path: { id, rater, code } },
        body: { reason, password },
      }),
    ),
  noteDeviation: (id: string) => (body: { text: string; rater: string | null; item_code: string }) =>
    told(client.POST('/api/studies/{id}/deviations/', { params: { path: { id } }, body })),
  ready: (id: string) => () => told(client.POST('/api/studies/{id}/ready/', { params: { path: { id } } })),
  reopen: (id: string) => () => told(client.POST('/api/studies/{id}/reopen/', { params: { path: { id } } })),
  blind: (id: string) => () => told(client.POST('/api/studies/{id}/blind/', { params: { path: { id } } })),
  start: (id: string) => () => told(client.POST('/api/studies/{id}/start/', { params: { path: { id } } })),
  lock: (id: string) => (body: Signed) =>
    told(client.POST('/api/studies/{id}/lock/', { params: { path: { id } }, body })),
  sign: (id: string, meaning: SignatureMeaning) => ({ name, password }: Signed) =>
    told(client.POST('/api/studies/{id}/signatures/', { params: { path: { id } }, body: { name, password, meaning } })),
  askToUnblind: (id: string) => ({ reason, password }: Signed) =>
    told(client.POST('/api/studies/{id}/unblindings/', { params: { path: { id } }, body: { reason, password } })),
  agreeToUnblind: (id: string, unblinding_id: string) => ({ password }: Signed) =>
    told(
      client.POST('/api/studies/{id}/unblindings/{unblinding_id}/approve/', {
        params: { path: { id, unblinding_id } },
        body: { password },
      }),
    ),
};
