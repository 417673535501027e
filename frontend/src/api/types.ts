/** Short names for the shapes of the generated schema. */
import type { components } from './schema';

type Schemas = components['schemas'];

export type Role = Schemas['Role'];
export const ROLES: readonly Role[] = ['surgeon', 'engineer', 'coordinator', 'administrator', 'rater'];

export type Person = Schemas['SessionPerson'];
export type PersonRecord = Schemas['Person'];
export type Session = Schemas['Session'];
export type Side = Schemas['Side'];
export type XrayView = Schemas['View'];
export type CaseSummary = Schemas['CaseSummary'];
export type CaseDetail = Schemas['CaseDetail'];
export type XrayImage = Schemas['Image'];
export type BoneSet = Schemas['BoneSet'];
export type BoneOrigin = Schemas['BoneSetOrigin'];
export type Alignment = Schemas['Alignment'];
export type LegFilm = Schemas['LegFilm'];
export type FilmReading = Schemas['FilmReading'];
export type CtScan = Schemas['CtScan'];
export type Comparison = Schemas['Comparison'];
export type MeshUnits = Schemas['MeshUnits'];
export type BoneFrame = Schemas['BoneFrame'];
export type PlanSummary = Schemas['PlanSummary'];
export type PlanWarning = Schemas['PlanWarning'];
export type Problem = Schemas['ErrorBody'];
export type Job = Schemas['Job'];
export type JobEvent = Schemas['JobEvent'];
export type Check = Schemas['Check'];
export type Guide = Schemas['Guide'];
export type TimelineEntry = Schemas['TimelineEntry'];

/** For each view and bone, polylines of (column, row). */
export type Outlines = Schemas['Outlines'];
export type Plan = Schemas['Plan'];
export type PlanAlternative = Schemas['Alternative'];
export type PlanChange = Schemas['Change'];
export type CorrectedXray = Schemas['CorrectedXray'];
export type CorrectedXrays = Schemas['CorrectedXrays'];
