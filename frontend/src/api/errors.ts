import type { Problem as WireProblem } from './types';

/** The server's own shape; problems that arise in the browser may leave parts out. */
export type Problem = Pick<WireProblem, 'code' | 'message'> & Partial<WireProblem>;

/** What the server refused, with what it kept and what to do next. */
export class ApiError extends Error {
  constructor(
    /** Of the answer; 0 for a problem that a job kept. */
    readonly status: number,
    readonly problem: Problem,
  ) {
    super(problem.message);
    this.name = 'ApiError';
  }

  get code(): string {
    return this.problem.code;
  }
}

const UNREACHABLE: Problem = {
  code: 'unreachable',
  message: 'The server did not answer.',
  kept: 'Everything saved before is safe, and what you typed is still here.',
  remedy: 'Check the connection, then try again.',
};

function unexpected(status: number): Problem {
  return {
    code: 'unexpected',
    message: `The server met an error of its own (${status}).`,
    kept: 'Nothing was changed by this request.',
    remedy: 'Try again. If it happens again, tell your administrator when it happened.',
  };
}

/** The problem in a response body, whatever the body is. */
export function problemFrom(status: number, body: unknown): Problem {
  if (typeof body === 'object' && body !== null && 'error' in body) {
    const { error } = body;
    if (typeof error === 'object' && error !== null && 'message' in error && 'code' in error) return error as Problem;
  }
  return unexpected(status);
}

/** Any thrown value as a problem that can be shown. */
export function asProblem(error: unknown): Problem {
  if (error instanceof ApiError) return error.problem;
  if (error instanceof TypeError) return UNREACHABLE;
  return { code: 'unexpected', message: error instanceof Error ? error.message : String(error) };
}

/** Whether an error means that nobody answered, or only a proxy whose server is away. */
export function isAway(error: unknown): boolean {
  return error instanceof ApiError ? error.status >= 502 && error.status <= 504 : error instanceof TypeError;
}

/** Messages for one field of a form, as one sentence. */
export function fieldError(error: unknown, field: string): string | undefined {
  if (!(error instanceof ApiError)) return undefined;
  return error.problem.fields?.[field]?.join(' ');
}
