import { ActionIcon, Button, SegmentedControl, Slider, Tooltip } from '@mantine/core';
import { Redo2, Undo2 } from 'lucide-react';
import type { ReactNode } from 'react';

import { BRUSH_MM, paintingWords } from '../../domain/painting';
import caseClasses from '../case/Case.module.css';
import classes from './Guides.module.css';
import type { Painting } from './usePainting';

export type PaintMode = 'off' | 'add' | 'remove';

interface Props {
  painting: Painting;
  mode: PaintMode;
  onMode: (mode: PaintMode) => void;
  radius: number;
  onRadius: (radius: number) => void;
}

/** The brush with which contact area is added and taken away; it goes with the next design. */
export function PaintBar({ painting, mode, onMode, radius, onRadius }: Props): ReactNode {
  const { strokes } = painting;
  // All of it is there before the first stroke: a bar that grew would move the bone from under the brush.
  const shown = mode !== 'off' || strokes.length > 0 || painting.canUndo || painting.canRedo;
  return (
    <div className={caseClasses.toolbar} role="group" aria-label="Painted contact area">
      <SegmentedControl
        size="xs"
        value={mode}
        onChange={(value) => onMode(value as PaintMode)}
        data={[
          { value: 'off', label: 'Turn' },
          { value: 'add', label: 'Add contact' },
          { value: 'remove', label: 'Take away' },
        ]}
        aria-label="What the hand does"
        data-testid="paint-mode"
      />
      {mode !== 'off' && (
        <div className={classes.slider}>
          <span id="brush-label">Brush</span>
          <Slider
            size="xs"
            w={90}
            min={BRUSH_MM.least}
            max={BRUSH_MM.most}
            step={0.5}
            label={(value) => `${value} mm`}
            value={radius}
            onChange={onRadius}
            thumbProps={{ 'aria-labelledby': 'brush-label' }}
          />
        </div>
      )}
      {shown && (
        <>
          <Tooltip label="Undo">
            <ActionIcon variant="subtle" color="gray" size="sm" aria-label="Undo the last stroke" disabled={!painting.canUndo} onClick={painting.undo} data-testid="paint-undo">
              <Undo2 size={15} />
            </ActionIcon>
          </Tooltip>
          <Tooltip label="Redo">
            <ActionIcon variant="subtle" color="gray" size="sm" aria-label="Redo the stroke" disabled={!painting.canRedo} onClick={painting.redo}>
              <Redo2 size={15} />
            </ActionIcon>
          </Tooltip>
          <Button variant="subtle" color="gray" size="compact-xs" disabled={strokes.length === 0} onClick={painting.clear}>
            Clear
          </Button>
          <span className={`dim ${classes.words}`} data-testid="painting" data-strokes={strokes.length}>
            {paintingWords(strokes)}
          </span>
        </>
      )}
    </div>
  );
}
