import { ActionIcon, Kbd, Tooltip } from '@mantine/core';
import { Maximize } from 'lucide-react';
import { memo, type ReactNode, useMemo, useState } from 'react';

import type { BoneSet, Side } from '../../api/types';
import { ErrorNote } from '../../components/ErrorNote';
import { turnByKeys } from '../../components/turnByKeys';
import { useKeys } from '../../components/useKeys';
import { FilmCamera, type FilmImage } from '../../scene/planner/film';
import type { PaneName } from '../../scene/planner/panes';
import type { PlannerScene, Shown } from '../../scene/planner/scene';
import { viewDirection, VIEWS } from '../../scene/views';
import caseClasses from '../case/Case.module.css';
import type { Planner } from '../case/usePlanner';
import { PaneLabels } from './PaneLabels';
import classes from './Planner.module.css';
import type { Films } from './useFilms';
import { usePlanScene } from './usePlanScene';

const NAMES: Record<PaneName, string> = { frontal: 'Frontal', sagittal: 'Sagittal', axial: 'Axial, onto the cut', space: '3D' };

/** The letters at the left and right edge: the patient's right and left, anterior and posterior. */
function edges(pane: PaneName, side: Side): readonly [string, string] | null {
  if (pane === 'frontal') return ['R', 'L'];
  if (pane === 'axial') return ['L', 'R'];
  if (pane === 'sagittal') return side === 'L' ? ['P', 'A'] : ['A', 'P'];
  return null;
}

interface Props {
  side: Side;
  boneSet: BoneSet;
  panes: readonly PaneName[];
  /** X-rays to lie under the views. */
  films: Films;
  shown: Shown;
  /** Null where the plan cannot be changed. */
  onSet: Planner['set'] | null;
}

/** The bones in linked views, over one canvas. */
export const PlanViews = memo(function PlanViews({ side, boneSet, panes, films, shown, onSet }: Props): ReactNode {
  const { ref, scene, loaded, expected, broken, failed } = usePlanScene(side, boneSet, shown, onSet);

  useKeys({
    ...Object.fromEntries(VIEWS.map((view, i) => [String(i + 1), () => scene?.setView(viewDirection(view, side))])),
    r: () => scene?.reset(),
  });

  return (
    <section className={`${caseClasses.pane} ${classes.views}`} aria-label="Plan in linked views" data-testid="bones">
      <div
        className={caseClasses.viewport}
        role="application"
        aria-roledescription="linked views"
        aria-label="The plan in frontal, sagittal, axial and free view. Arrow keys turn the free view, plus and minus zoom, 1 to 6 show the standard views, R shows everything."
        tabIndex={0}
        onKeyDown={(event) => turnByKeys(scene, event)}
        data-testid="bone-view"
        data-complete={(expected > 0 && loaded === expected) || undefined}
        data-wedge={shown.degrees}
        data-bones={boneSet.number}
      >
        <div ref={ref} className={caseClasses.canvasHost} />
        <div className={classes.panes} data-count={panes.length}>
          {panes.map((pane) => (
            <ViewPane key={pane} pane={pane} side={side} scene={scene} film={films[pane]} shown={shown} />
          ))}
        </div>
        {loaded < expected && !broken && (
          <div className={caseClasses.waiting}>
            Loading bones {loaded} of {expected} …
          </div>
        )}
      </div>
      {(broken || failed) && (
        <div className={caseClasses.paneError}>
          <ErrorNote
            error={broken?.error ?? new Error('This browser cannot draw in 3D (WebGL 2 is missing or switched off).')}
            {...(broken && { onRetry: () => void broken.refetch() })}
          />
        </div>
      )}
      <ViewKeys side={side} scene={scene} turns={panes.includes('space')} />
    </section>
  );
});

interface KeysProps {
  side: Side;
  scene: PlannerScene | null;
  /** Whether there is a view that can be turned. */
  turns: boolean;
}

const ViewKeys = memo(function ViewKeys({ side, scene, turns }: KeysProps): ReactNode {
  return (
    <div className={`${caseClasses.viewKeys} ${classes.viewKeys}`} role="group" aria-label="Standard views">
      {turns &&
        VIEWS.map((view, i) => (
          <Tooltip key={view} label={`${view.charAt(0).toUpperCase()}${view.slice(1)} view`}>
            <button type="button" className={caseClasses.viewKey} onClick={() => scene?.setView(viewDirection(view, side))} aria-label={`${view} view`}>
              <Kbd size="xs">{i + 1}</Kbd> {view.slice(0, 3)}
            </button>
          </Tooltip>
        ))}
      <Tooltip label="Everything in sight (R)">
        <ActionIcon variant="subtle" color="gray" size="sm" aria-label="Reset the views" onClick={() => scene?.reset()}>
          <Maximize size={14} />
        </ActionIcon>
      </Tooltip>
    </div>
  );
});

interface PaneProps {
  pane: PaneName;
  side: Side;
  scene: PlannerScene | null;
  film: FilmImage | undefined;
  shown: Shown;
}

function ViewPane({ pane, side, scene, film, shown }: PaneProps): ReactNode {
  const [element, setElement] = useState<HTMLDivElement | null>(null);
  const marks = useMemo(() => (film ? new FilmCamera(film.projection).edges : edges(pane, side)), [film, pane, side]);
  return (
    <div className={classes.pane} data-film={film !== undefined || undefined} data-testid={`view-${pane}`}>
      {/* The pointer's own ground: labels above it let the pointer through. */}
      <div ref={setElement} className={classes.ground} tabIndex={-1} />
      <span className={caseClasses.viewName}>{NAMES[pane]}{film && ', on the X-ray'}</span>
      {marks && (
        <>
          <span className={classes.edge} data-edge="left">
            {marks[0]}
          </span>
          <span className={classes.edge} data-edge="right">
            {marks[1]}
          </span>
        </>
      )}
      <PaneLabels pane={pane} element={element} scene={scene} film={film} shown={shown} />
    </div>
  );
}
