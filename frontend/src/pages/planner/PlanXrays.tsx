import { Loader } from '@mantine/core';
import { type ReactNode, useState } from 'react';

import { useCorrectedXrays } from '../../api/plans';
import { useOutlines } from '../../api/queries';
import type { BoneSet, CaseDetail, CorrectedXray, XrayView } from '../../api/types';
import { ErrorNote } from '../../components/ErrorNote';
import type { BoneName } from '../../domain/bones';
import caseClasses from '../case/Case.module.css';
import { useThisPlanner } from '../case/usePlanner';
import { XrayPane } from '../case/XrayPane';
import classes from './Planner.module.css';

const NAMES = { ap: 'AP', lateral: 'Lateral' } as const;
const VIEWS = ['ap', 'lateral'] as const;

interface Props {
  detail: CaseDetail;
  boneSet: BoneSet;
  hidden: ReadonlySet<BoneName>;
}

/** The X-rays of the case, and beside them X-rays as the newest stored plan would have them. */
export function PlanXrays({ detail, boneSet, hidden }: Props): ReactNode {
  const planner = useThisPlanner();
  const outlined = boneSet.frame === 'rig';
  const outlines = useOutlines(outlined ? boneSet.id : undefined);
  const plan = planner.latest;
  const corrected = useCorrectedXrays(plan ?? {});
  return (
    <div className={classes.xrays} data-testid="plan-xrays">
      {VIEWS.map((view) => (
        <XrayPane
          key={view}
          caseId={detail.id}
          view={view}
          image={detail.images[view]}
          mayUpload={false}
          outlines={outlined ? outlines.data?.[view] : undefined}
          outlineOpacity={0.85}
          hidden={hidden}
        />
      ))}
      {VIEWS.map((view) => (
        <section key={view} className={caseClasses.pane} aria-label={`${NAMES[view]} after the correction`}>
          <span className={caseClasses.viewName}>
            {NAMES[view]} after{plan && `, revision ${plan.revision}, simulated`}
          </span>
          {corrected.data && <Simulated key={corrected.data[view].url} view={view} xray={corrected.data[view]} />}
          {corrected.isError && <ErrorNote error={corrected.error} onRetry={() => void corrected.refetch()} />}
          {!plan && <p className={classes.away}>Save the plan to see X-rays of the corrected knee.</p>}
          {plan && plan.solids.missing !== '' && <p className={classes.stale}>Drawn without exact fragments. {plan.solids.missing}</p>}
          {plan && planner.changed && <p className={classes.stale}>Changes since revision {plan.revision} are not in it.</p>}
        </section>
      ))}
    </div>
  );
}

/** A picture that the server makes when it is asked for the first time. */
function Simulated({ view, xray }: { view: XrayView; xray: CorrectedXray }): ReactNode {
  const [state, setState] = useState<'waiting' | 'there' | 'failed'>('waiting');
  return (
    <>
      {state === 'waiting' && (
        <p className={classes.away}>
          <Loader size={14} /> Simulating the X-ray …
        </p>
      )}
      {state === 'failed' && (
        <div className={caseClasses.paneError}>
          <ErrorNote error={new TypeError('the picture did not come')} title="The simulated X-ray" />
        </div>
      )}
      <img
        className={classes.simulated}
        src={xray.url}
        alt={`Simulated ${NAMES[view]} X-ray of the corrected knee`}
        data-state={state}
        onLoad={() => setState('there')}
        onError={() => setState('failed')}
        data-testid={`corrected-${view}`}
      />
    </>
  );
}
