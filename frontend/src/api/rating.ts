/** A rater's own studies and items, and the outbox that their acts go through. */
import { queryOptions, useQuery, type UseQueryResult } from '@tanstack/react-query';

import type { Act } from '../domain/acts';
import { forgetStudy, keepStudy, keptStudies } from '../domain/kept';
import { Outbox, type Sender, type Verdict } from '../domain/outbox';
import { readRatedBones } from '../domain/ratedBones';
import type { Standing } from '../domain/ratingForm';
import { fromServer, type ServerClock } from '../domain/stopwatch';
import { client, told } from './client';
import { ApiError, isAway } from './errors';
import { fetchBytes } from './http';
import type { components } from './schema';
import { shelf } from './shelf';
import type { Person } from './types';

type Schemas = components['schemas'];
export type MyStudy = Schemas['MyStudy'];
export type MyStudyDetail = Schemas['MyStudyDetail'];
export type MyItem = Schemas['MyItem'];
export type ItemPage = Schemas['Item'];
type Saved = Schemas['Saved'];

/** Only these say for good that an act cannot be kept; anything else may pass. */
const REFUSALS = new Set([400, 404, 409]);

function standing(saved: Saved): Standing {
  return { opened: true, answers: saved.answers, watch: fromServer(saved.clock as ServerClock, Date.now()) };
}

function send(act: Act): Promise<Saved> {
  const path = { token: act.item };
  const said = { client_token: act.token, device_at: act.at };
  switch (act.kind) {
    case 'open':
      return told(client.POST('/api/rating/items/{token}/open/', { params: { path } }));
    case 'rate':
      return told(
        client.POST('/api/rating/items/{token}/ratings/', {
          params: { path },
          body: { question: act.question, value: act.value, ...said },
        }),
      );
    case 'press':
      return told(
        client.POST('/api/rating/items/{token}/times/', {
          params: { path },
          body: { kind: act.press, note: act.note, ...said },
        }),
      );
  }
}

/** In the one shape of the wire; what an act does not have is left at the server's defaults. */
function written(act: Act): Schemas['OfflineActRequest'] {
  return {
    kind: act.kind,
    item: act.item,
    client_token: act.token,
    at: act.at,
    question: act.kind === 'rate' ? act.question : '',
    value: act.kind === 'rate' ? act.value : 0,
    press: act.kind === 'press' ? act.press : 'placed',
    note: act.kind === 'press' ? act.note : '',
  };
}

const sender: Sender = {
  one: async (act): Promise<Verdict> => {
    try {
      return { token: act.token, saved: true, problem: null, standing: standing(await send(act)) };
    } catch (error) {
      if (error instanceof ApiError && REFUSALS.has(error.status)) {
        return { token: act.token, saved: false, problem: error.problem };
      }
      throw error;
    }
  },
  many: async (acts): Promise<Verdict[]> => {
    const body = { sent_at: new Date().toISOString(), acts: acts.map(written) };
    const { outcomes } = await told(client.POST('/api/rating/replay/', { body }));
    return outcomes.map(({ client_token, saved, error }) => ({ token: client_token, saved, problem: error }));
  },
};

const boxes = new Map<string, Outbox>();

/** One outbox a person, which stays while pages come and go; what an earlier visit left is sent at once. */
export function outboxOf(person: string): Outbox {
  const known = boxes.get(person);
  if (known) return known;
  const made = new Outbox(shelf, person, sender);
  boxes.set(person, made);
  globalThis.addEventListener('online', () => void made.flush());
  void made.flush();
  return made;
}

/** The studies of this person whose pages work without a network, as they were when there was one. */
function kept(person: Person): MyStudyDetail[] {
  const all = keptStudies<Person, MyStudyDetail>(shelf, Date.now());
  return all.filter((one) => one.person.id === person.id).map((one) => one.study);
}

export function useMyStudies(person: Person): UseQueryResult<MyStudy[]> {
  return useQuery({
    queryKey: ['rating', 'studies'],
    queryFn: async ({ signal }): Promise<MyStudy[]> => {
      try {
        return await told(client.GET('/api/rating/studies/', { signal }));
      } catch (error) {
        const known = isAway(error) ? kept(person) : [];
        if (known.length > 0) return known;
        throw error;
      }
    },
    networkMode: 'offlineFirst', // what the device keeps is there without a network
  });
}

/**
 * Everything that a study asks and its list of items: enough to go on for hours without a network. A study of printed
 * guides is kept on the device besides, so that it is still there after a reload.
 */
export function useMyStudy(id: string, person: Person): UseQueryResult<MyStudyDetail> {
  return useQuery({
    queryKey: ['rating', 'study', id],
    queryFn: async ({ signal }) => {
      try {
        const study = await told(client.GET('/api/rating/studies/{id}/', { params: { path: { id } }, signal }));
        if (study.kind === 'hto_simulation') {
          keepStudy(shelf, person, study, Date.now());
          outboxOf(person.id).hold(study.list.map((item) => item.token));
        }
        return study;
      } catch (error) {
        const known = isAway(error) ? kept(person).find((study) => study.id === id) : undefined;
        if (error instanceof ApiError && error.status === 404) forgetStudy(shelf, id);
        if (!known) throw error;
        const items = known.list.map((item) => item.token);
        outboxOf(person.id).recall(items);
        outboxOf(person.id).hold(items);
        return known;
      }
    },
    networkMode: 'offlineFirst',
    gcTime: Infinity,
    refetchOnWindowFocus: false,
  });
}

/** Opens an item, which is the same as reading one that is open. */
export function itemOptions(box: Outbox, token: string) {
  return queryOptions({
    queryKey: ['rating', 'item', token],
    queryFn: async ({ signal }): Promise<ItemPage> => {
      // The server opens it only when the answers to the one before have come.
      await box.idle();
      const version = box.version(token);
      const page = await told(
        client.POST('/api/rating/items/{token}/open/', { params: { path: { token } }, signal }),
      );
      box.learn(token, standing(page), version);
      return page;
    },
    staleTime: Infinity,
    gcTime: Infinity,
    refetchOnWindowFocus: false,
  });
}

/** The bones of an item; what comes has one length for every item. */
export function bonesOptions(token: string) {
  return queryOptions({
    queryKey: ['rating', 'bones', token],
    queryFn: async ({ signal }) => readRatedBones(await fetchBytes(`/api/rating/items/${token}/bones/`, signal)),
    staleTime: Infinity,
    gcTime: 60_000,
    structuralSharing: false,
  });
}
