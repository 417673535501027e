import { ActionIcon, Kbd, Tooltip } from '@mantine/core';
import { Maximize } from 'lucide-react';
import type { KeyboardEvent, ReactNode } from 'react';

import { ErrorNote } from '../../components/ErrorNote';
import { VIEWS } from '../../scene/views';
import caseClasses from '../case/Case.module.css';
import classes from './Guides.module.css';
import type { ShownGuide } from './useGuideScene';

interface Props {
  shown: ShownGuide;
  name: string;
  testid: string;
  keys?: boolean;
  children?: ReactNode;
}

const TURN = Math.PI / 18;

/** The 3D view of a guide: turns by hand and by keys. */
export function GuideStage({ shown, name, testid, keys = true, children }: Props): ReactNode {
  const { ref, scene, complete, error, retry } = shown;
  const key = (event: KeyboardEvent): void => {
    const acts: Record<string, () => void> = {
      ArrowLeft: () => scene?.orbit(-TURN, 0),
      ArrowRight: () => scene?.orbit(TURN, 0),
      ArrowUp: () => scene?.orbit(0, TURN),
      ArrowDown: () => scene?.orbit(0, -TURN),
      '+': () => scene?.zoomBy(1.2),
      '=': () => scene?.zoomBy(1.2),
      '-': () => scene?.zoomBy(1 / 1.2),
    };
    const act = acts[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    act();
    event.preventDefault();
  };
  return (
    <section className={`${caseClasses.pane} ${classes.stage}`} aria-label={name}>
      <div
        className={caseClasses.viewport}
        role="application"
        aria-roledescription="3D view"
        aria-label={`${name} in 3D. Arrow keys turn, plus and minus zoom, 1 to 6 show the standard views, R shows everything.`}
        tabIndex={0}
        onKeyDown={key}
        data-testid={testid}
        data-complete={complete || undefined}
      >
        <div ref={ref} className={caseClasses.canvasHost} />
        {!complete && !error && <div className={caseClasses.waiting}>Loading …</div>}
      </div>
      {children}
      {error && (
        <div className={caseClasses.paneError}>
          <ErrorNote error={error} onRetry={retry} />
        </div>
      )}
      {keys && (
        <div className={caseClasses.viewKeys} role="group" aria-label="Standard views">
          {VIEWS.map((view, i) => (
            <Tooltip key={view} label={`${view.charAt(0).toUpperCase()}${view.slice(1)} view`}>
              <button type="button" className={caseClasses.viewKey} onClick={() => scene?.setView(view)} aria-label={`${view} view`}>
                <Kbd size="xs">{i + 1}</Kbd> {view.slice(0, 3)}
              </button>
            </Tooltip>
          ))}
          <Tooltip label="Everything in sight (R)">
            <ActionIcon variant="subtle" color="gray" size="sm" aria-label="Reset the 3D view" onClick={() => scene?.reset()}>
              <Maximize size={14} />
            </ActionIcon>
          </Tooltip>
        </div>
      )}
    </section>
  );
}
