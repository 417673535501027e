import { useMediaQuery } from '@mantine/hooks';
import { type ReactNode, useCallback, useMemo, useState } from 'react';

import type { BoneSet, CaseDetail } from '../../api/types';
import { useKeys } from '../../components/useKeys';
import type { BoneName } from '../../domain/bones';
import { type PaneName, PANES } from '../../scene/planner/panes';
import type { Shown } from '../../scene/planner/scene';
import type { Planner } from '../case/usePlanner';
import { PlanXrays } from './PlanXrays';
import { PlanViews } from './PlanViews';
import classes from './Planner.module.css';
import { PlannerToolbar, type Switches } from './PlannerToolbar';
import { TargetBar } from './TargetBar';

/** One view, all four, or the X-rays before and after. */
export type WorkView = 'all' | PaneName | 'xrays';

interface Props {
  detail: CaseDetail;
  boneSet: BoneSet;
  planner: Planner;
  hidden: ReadonlySet<BoneName>;
  onHidden: (hidden: ReadonlySet<BoneName>) => void;
}

/** The planner: the target on top, and the bones as it changes them in four linked views. */
export function PlannerWork({ detail, boneSet, planner, hidden, onHidden }: Props): ReactNode {
  const narrow = useMediaQuery('(max-width: 900px)', false, { getInitialValueInEffect: false });
  const [chosen, setChosen] = useState<WorkView | null>(null);
  // On a tablet four views would be too small for a finger.
  const view = chosen ?? (narrow ? 'frontal' : 'all');
  const [switches, setSwitches] = useState<Switches>({ after: true, landmarks: false, axes: true, longLeg: false });
  const flip = useCallback((name: keyof Switches) => setSwitches((now) => ({ ...now, [name]: !now[name] })), []);
  const bones = useMemo(() => Object.keys(boneSet.bones), [boneSet.bones]);

  useKeys({
    b: () => flip('after'),
    m: () => flip('landmarks'),
    a: () => flip('axes'),
    l: () => flip('longLeg'),
    v: () => setChosen(VIEWS[(VIEWS.indexOf(view) + 1) % VIEWS.length] ?? 'all'),
  });

  const { document, degrees } = planner;
  const shown = useMemo<Shown>(
    () => ({ plan: document, degrees, hidden, ...switches }),
    [document, degrees, hidden, switches],
  );
  return (
    <div className={classes.work}>
      {planner.mayPlan && <TargetBar planner={planner} />}
      <PlannerToolbar
        view={view}
        onView={setChosen}
        switches={switches}
        onFlip={flip}
        bones={bones}
        hidden={hidden}
        onHidden={onHidden}
      />
      {view === 'xrays' ? (
        <PlanXrays detail={detail} boneSet={boneSet} planner={planner} hidden={hidden} />
      ) : (
        <PlanViews side={detail.side} boneSet={boneSet} planner={planner} panes={view === 'all' ? PANES : [view]} shown={shown} />
      )}
    </div>
  );
}

const VIEWS: readonly WorkView[] = ['all', ...PANES];
