import type { ReactNode } from 'react';

import type { Study } from '../../api/studies';
import classes from './Studies.module.css';

/** Placed here until the report's endpoints are known. */
export function ReportTab({ study }: { study: Study }): ReactNode {
  return <div className={classes.tab}>{study.title}</div>;
}
