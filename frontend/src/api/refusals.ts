/** Uploads that were refused before their page was open, so that the page can show them beside the empty place. */
import type { XrayView } from './types';

export interface Refusal {
  file: string;
  error: unknown;
}

const refusals = new Map<string, Refusal>();

export function noteRefusal(caseId: string, view: XrayView, refusal: Refusal): void {
  refusals.set(`${caseId}/${view}`, refusal);
}

export function refusalOf(caseId: string, view: XrayView): Refusal | null {
  return refusals.get(`${caseId}/${view}`) ?? null;
}

export function forgetRefusal(caseId: string, view: XrayView): void {
  refusals.delete(`${caseId}/${view}`);
}
