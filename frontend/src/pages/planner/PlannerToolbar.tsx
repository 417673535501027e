import { SegmentedControl, Tooltip } from '@mantine/core';
import { memo, type ReactNode } from 'react';

import { BONE_COLOURS, BONE_LABELS, type BoneName, READING_ORDER } from '../../domain/bones';
import caseClasses from '../case/Case.module.css';
import classes from './Planner.module.css';
import type { WorkView } from './PlannerWork';

export interface Switches {
  /** The leg after the correction, or as it is. */
  after: boolean;
  landmarks: boolean;
  axes: boolean;
  longLeg: boolean;
  /** The X-rays under the frontal and the sagittal view. */
  films: boolean;
}

interface Props {
  view: WorkView;
  onView: (view: WorkView) => void;
  switches: Switches;
  onFlip: (name: keyof Switches) => void;
  /** Whether there are X-rays that the bones can be laid over. */
  mayFilm: boolean;
  bones: readonly string[];
  hidden: ReadonlySet<BoneName>;
  onHidden: (hidden: ReadonlySet<BoneName>) => void;
}

const TOGGLES: readonly { name: 'landmarks' | 'axes' | 'longLeg' | 'films'; label: string; hint: string }[] = [
  { name: 'landmarks', label: 'Landmarks', hint: 'Landmarks, to be dragged on the bone (M)' },
  { name: 'axes', label: 'Lines', hint: 'Axes, weight-bearing line and cut (A)' },
  { name: 'longLeg', label: 'Long leg', hint: 'From the hip to the ankle (L)' },
  { name: 'films', label: 'On X-ray', hint: 'The bones over the X-rays, seen as these were taken (X)' },
];

/** What the planner's views show. */
export const PlannerToolbar = memo(function PlannerToolbar({ view, onView, switches, onFlip, mayFilm, bones, hidden, onHidden }: Props): ReactNode {
  const toggle = (bone: BoneName): void => {
    const next = new Set(hidden);
    if (!next.delete(bone)) next.add(bone);
    onHidden(next);
  };
  return (
    <div className={caseClasses.toolbar}>
      <SegmentedControl
        size="xs"
        value={view}
        onChange={(value) => onView(value as WorkView)}
        data={[
          { value: 'all', label: 'All' },
          { value: 'frontal', label: 'Frontal' },
          { value: 'sagittal', label: 'Sagittal' },
          { value: 'axial', label: 'Axial' },
          { value: 'space', label: '3D' },
          { value: 'xrays', label: 'X-rays' },
        ]}
        aria-label="Which views are shown"
        data-testid="views"
      />
      <SegmentedControl
        size="xs"
        value={switches.after ? 'after' : 'before'}
        onChange={() => onFlip('after')}
        data={[
          { value: 'before', label: 'Before' },
          { value: 'after', label: 'After' },
        ]}
        aria-label="Before or after the correction (B)"
        data-testid="before-after"
      />
      <div className={caseClasses.bones} role="group" aria-label="Shown in the views">
        {TOGGLES.filter(({ name }) => name !== 'films' || mayFilm).map(({ name, label, hint }) => (
          <Tooltip key={name} label={hint}>
            <button type="button" className={classes.toggle} aria-pressed={switches[name]} onClick={() => onFlip(name)} data-testid={`show-${name}`}>
              {label}
            </button>
          </Tooltip>
        ))}
      </div>
      <div className={caseClasses.bones} role="group" aria-label="Bones shown">
        {READING_ORDER.filter((bone) => bones.includes(bone)).map((bone) => (
          <Tooltip key={bone} label={hidden.has(bone) ? `Show the ${bone}` : `Hide the ${bone}`}>
            <button
              type="button"
              className={classes.boneDot}
              aria-pressed={!hidden.has(bone)}
              aria-label={BONE_LABELS[bone]}
              onClick={() => toggle(bone)}
              data-testid={`bone-${bone}`}
            >
              <span className={caseClasses.swatch} style={{ background: BONE_COLOURS[bone] }} aria-hidden />
            </button>
          </Tooltip>
        ))}
      </div>
    </div>
  );
});
