import { type ReactNode, useEffect, useRef, useState } from 'react';

import { landmarkLabel } from '../../domain/leg';
import { number } from '../../domain/format';
import { gapsAt } from '../../domain/wedge';
import type { FilmImage } from '../../scene/planner/film';
import type { PaneName } from '../../scene/planner/panes';
import type { PlannerScene, Shown } from '../../scene/planner/scene';
import caseClasses from '../case/Case.module.css';
import classes from './Planner.module.css';

const CUT_NAMES: Record<string, string> = { 'cut:start': 'Start of the cut', 'cut:hinge': 'Hinge', 'cut:plane': 'Cutting plane', 'cut:axis': 'Hinge axis' };

interface Props {
  pane: PaneName;
  /** Where the view is drawn and hears the pointer. */
  element: HTMLElement | null;
  scene: PlannerScene | null;
  film: FilmImage | undefined;
  shown: Shown;
}

/** Draws one view of the scene inside an element, and keeps numbers beside what they belong to. */
export function PaneLabels({ pane, element, scene, film, shown }: Props): ReactNode {
  const gap = useRef<HTMLSpanElement>(null);
  const load = useRef<HTMLSpanElement>(null);
  const hover = useRef<HTMLSpanElement>(null);
  const [hovered, setHovered] = useState<string | null>(null);
  const named = useRef<string | null>(null);

  useEffect(() => {
    if (!scene || !element) return undefined;
    scene.setPane(pane, element);
    const stopHover = scene.listenHover((name, where) => {
      named.current = where === pane ? name : null;
      setHovered(named.current);
    });
    const stopDraw = scene.listenDraw(() => {
      const at = scene.gapIn(pane);
      place(gap.current, at, at && at.outward > 0 ? 'translate(12px, -50%)' : 'translate(calc(-100% - 12px), -50%)');
      place(load.current, pane === 'frontal' ? scene.loadIn(pane) : null, 'translate(-50%, -150%)');
      place(hover.current, named.current ? scene.handleIn(named.current, pane) : null, 'translate(-50%, -190%)');
    });
    return () => {
      stopHover();
      stopDraw();
      scene.setPane(pane, null);
    };
  }, [scene, element, pane]);

  useEffect(() => {
    if (scene && element) scene.setFilm(pane, film ?? null);
  }, [scene, element, pane, film]);

  const { plan, degrees } = shown;
  const wbl = plan?.measures.WBL;
  const opening = plan && gapsAt(plan.osteotomy, degrees).medial;
  return (
    <div className={classes.labels} aria-hidden>
      <span ref={gap} className={`${caseClasses.gapLabel} figures`} style={{ visibility: 'hidden' }}>
        {opening !== null && `${number(Math.abs(opening))} mm`}
      </span>
      <span ref={load} className={`${classes.loadLabel} figures`} style={{ visibility: 'hidden' }}>
        {wbl && `WBL ${number(shown.after ? wbl.after : wbl.before, 0)} %`}
      </span>
      <span ref={hover} className={classes.hoverLabel} style={{ visibility: 'hidden' }}>
        {hovered && (CUT_NAMES[hovered] ?? landmarkLabel(hovered))}
      </span>
    </div>
  );
}

function place(label: HTMLElement | null, at: { x: number; y: number } | null, shift: string): void {
  if (!label) return;
  label.style.visibility = at ? 'visible' : 'hidden';
  // Whole pixels: letters between two of them are blurred.
  if (at) label.style.transform = `translate(${Math.round(at.x)}px, ${Math.round(at.y)}px) ${shift}`;
}
