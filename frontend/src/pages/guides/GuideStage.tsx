import { ActionIcon, Kbd, Tooltip } from '@mantine/core';
import { Maximize } from 'lucide-react';
import type { ReactNode } from 'react';

import { ErrorNote } from '../../components/ErrorNote';
import { turnByKeys } from '../../components/turnByKeys';
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

/** The 3D view of a guide: turns by hand and by keys. */
export function GuideStage({ shown, name, testid, keys = true, children }: Props): ReactNode {
  const { ref, scene, complete, error, retry } = shown;
  return (
    <section className={`${caseClasses.pane} ${classes.stage}`} aria-label={name}>
      <div
        className={caseClasses.viewport}
        role="application"
        aria-roledescription="3D view"
        aria-label={`${name} in 3D. Arrow keys turn, plus and minus zoom, 1 to 6 show the standard views, R shows everything.`}
        tabIndex={0}
        onKeyDown={(event) => turnByKeys(scene, event)}
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
