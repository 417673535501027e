import createClient from 'openapi-fetch';

import { ApiError, problemFrom } from './errors';
import { LastingRequest, patientFetch } from './http';
import type { paths } from './schema';

/** The typed client; its types are generated from the server's OpenAPI schema. */
export const client = createClient<paths>({
  baseUrl: location.origin,
  Request: LastingRequest,
  fetch: (request) => patientFetch(request as LastingRequest),
});

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The data of an answer, or the problem thrown. */
export async function told<T>(answer: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await answer;
  if (!response.ok) throw new ApiError(response.status, problemFrom(response.status, error));
  return data as T;
}
