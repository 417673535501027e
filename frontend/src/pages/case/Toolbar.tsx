import { SegmentedControl, Slider, Tooltip } from '@mantine/core';
import { Eye, EyeOff } from 'lucide-react';
import { type ReactNode, useRef } from 'react';

import { useKeys } from '../../components/useKeys';
import { BONE_COLOURS, BONE_LABELS, type BoneName, READING_ORDER } from '../../domain/bones';
import classes from './Case.module.css';

export type Layout = 'images' | 'both' | 'bones';

interface Props {
  layout: Layout;
  onLayout: (layout: Layout) => void;
  hasBones: boolean;
  bones: string[];
  hidden: ReadonlySet<BoneName>;
  onHidden: (hidden: ReadonlySet<BoneName>) => void;
  /** Whether the bones have outlines on the X-rays: only those in the X-rays' frame do. */
  hasOutlines: boolean;
  opacity: number;
  onOpacity: (opacity: number) => void;
}

/** What is shown: images, bones or both; which bones; how strong their outlines. */
export function Toolbar(props: Props): ReactNode {
  const { layout, onLayout, hasBones, bones, hidden, onHidden, hasOutlines, opacity, onOpacity } = props;
  const last = useRef(0.85);
  useKeys({
    o: () => {
      if (opacity > 0) last.current = opacity;
      onOpacity(opacity > 0 ? 0 : last.current);
    },
  });
  if (!hasBones) return null;

  const toggle = (bone: BoneName): void => {
    const next = new Set(hidden);
    if (!next.delete(bone)) next.add(bone);
    onHidden(next);
  };

  return (
    <div className={classes.toolbar}>
      <SegmentedControl
        size="xs"
        value={layout}
        onChange={(value) => onLayout(value as Layout)}
        data={[
          { value: 'images', label: 'X-rays' },
          { value: 'both', label: 'Both' },
          { value: 'bones', label: 'Bones' },
        ]}
        aria-label="What is shown"
        data-testid="layout"
      />
      <div className={classes.bones} role="group" aria-label="Bones shown">
        {READING_ORDER.map((bone) =>
          bones.includes(bone) ? (
            <Tooltip key={bone} label={hidden.has(bone) ? `Show the ${bone}` : `Hide the ${bone}`}>
              <button
                type="button"
                className={classes.bone}
                aria-pressed={!hidden.has(bone)}
                onClick={() => toggle(bone)}
                data-testid={`bone-${bone}`}
              >
                <span className={classes.swatch} style={{ background: BONE_COLOURS[bone] }} aria-hidden />
                <span className={classes.boneName}>{BONE_LABELS[bone]}</span>
                {hidden.has(bone) ? <EyeOff size={13} aria-hidden /> : <Eye size={13} aria-hidden />}
              </button>
            </Tooltip>
          ) : (
            <span key={bone} className={classes.absent} data-testid={`no-${bone}`}>
              No {bone} found
            </span>
          ),
        )}
      </div>
      <span className={classes.grow} />
      {layout !== 'bones' && !hasOutlines && (
        <span className={classes.opacity} data-testid="no-outlines">
          No outlines: a frame of its own
        </span>
      )}
      {layout !== 'bones' && hasOutlines && (
        <div className={classes.opacity}>
          <span id="outlines-label">Outlines</span>
          <Slider
            size="xs"
            w={90}
            min={0}
            max={1}
            step={0.05}
            label={(value) => `${Math.round(value * 100)} %`}
            value={opacity}
            onChange={onOpacity}
            thumbProps={{ 'aria-labelledby': 'outlines-label' }}
          />
        </div>
      )}
    </div>
  );
}
