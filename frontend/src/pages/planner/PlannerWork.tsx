import { useMediaQuery } from '@mantine/hooks';
import { type ReactNode, useCallback, useMemo, useState } from 'react';

import type { BoneSet, CaseDetail } from '../../api/types';
import { useKeys } from '../../components/useKeys';
import type { BoneName } from '../../domain/bones';
import { filmable } from '../../domain/films';
import { type PaneName, PANES } from '../../scene/planner/panes';
import type { Shown } from '../../scene/planner/scene';
import { useThisPlanner } from '../case/usePlanner';
import { PlanXrays } from './PlanXrays';
import { PlanViews } from './PlanViews';
import classes from './Planner.module.css';
import { PlannerToolbar, type Switches } from './PlannerToolbar';
import { TargetBar } from './TargetBar';
import { useFilms } from './useFilms';

/** One view, all four, or the X-rays before and after. */
export type WorkView = 'all' | PaneName | 'xrays';

interface Props {
  detail: CaseDetail;
  boneSet: BoneSet;
  hidden: ReadonlySet<BoneName>;
  onHidden: (hidden: ReadonlySet<BoneName>) => void;
}

/** The planner: the target on top, and the bones as it changes them in four linked views. */
export function PlannerWork({ detail, boneSet, hidden, onHidden }: Props): ReactNode {
  const planner = useThisPlanner();
  const narrow = useMediaQuery('(max-width: 900px)', false, { getInitialValueInEffect: false });
  const [chosen, setChosen] = useState<WorkView | null>(null);
  // On a tablet four views would be too small for a finger.
  const view = chosen ?? (narrow ? 'frontal' : 'all');
  const [switches, setSwitches] = useState<Switches>({ after: true, landmarks: false, axes: true, longLeg: false, films: false });
  const flip = useCallback((name: keyof Switches) => setSwitches((now) => ({ ...now, [name]: !now[name] })), []);
  const bones = useMemo(() => Object.keys(boneSet.bones), [boneSet.bones]);

  useKeys({
    b: () => flip('after'),
    m: () => flip('landmarks'),
    a: () => flip('axes'),
    l: () => flip('longLeg'),
    x: () => flip('films'),
    v: () => setChosen(VIEWS[(VIEWS.indexOf(view) + 1) % VIEWS.length] ?? 'all'),
  });

  const images = useMemo(() => filmable(detail, boneSet), [detail, boneSet]);
  const films = useFilms(switches.films && view !== 'xrays' ? images : NONE);
  const panes = useMemo(() => (view === 'all' ? PANES : PANES.filter((pane) => pane === view)), [view]);
  const { document, degrees, rests } = planner;
  const shown = useMemo<Shown>(() => {
    const { films: _, ...shows } = switches;
    return { plan: document, degrees, rests, hidden, ...shows };
  }, [document, degrees, rests, hidden, switches]);
  return (
    <div className={classes.work}>
      {planner.mayPlan && <TargetBar />}
      <PlannerToolbar
        view={view}
        onView={setChosen}
        switches={switches}
        onFlip={flip}
        mayFilm={images.length > 0}
        bones={bones}
        hidden={hidden}
        onHidden={onHidden}
      />
      {view === 'xrays' ? (
        <PlanXrays detail={detail} boneSet={boneSet} hidden={hidden} />
      ) : (
        <PlanViews side={detail.side} boneSet={boneSet} panes={panes} films={films} shown={shown} onSet={planner.mayPlan ? planner.set : null} />
      )}
    </div>
  );
}

const NONE: readonly never[] = [];
const VIEWS: readonly WorkView[] = ['all', ...PANES];
