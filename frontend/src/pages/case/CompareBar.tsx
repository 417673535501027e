import { Slider } from '@mantine/core';
import type { ReactNode } from 'react';

import type { BoneSet } from '../../api/types';
import { useKeys } from '../../components/useKeys';
import { number } from '../../domain/format';
import { heatGradient, UNSEEN } from '../../domain/heat';
import { SECOND_COLOUR } from '../../scene/comparison';
import classes from './Compare.module.css';

interface Props {
  shown: BoneSet;
  other: BoneSet;
  blend: number;
  onBlend: (blend: number) => void;
  /** End of the colour scale, mm; null without colours. */
  scale: number | null;
}

/** Over the bones: the slider between two sets, and what the colours mean. */
export function CompareBar({ shown, other, blend, onBlend, scale }: Props): ReactNode {
  useKeys({ c: () => onBlend(blend < 0.5 ? 1 : 0) });
  return (
    <div className={classes.bar} data-testid="compare-bar">
      <div className={classes.blend}>
        <span>Bones {shown.number}</span>
        <Slider
          size="sm"
          flex={1}
          min={0}
          max={1}
          step={0.05}
          label={null}
          value={blend}
          onChange={onBlend}
          thumbLabel={`From bones ${shown.number} to bones ${other.number}`}
          data-testid="blend"
        />
        <span>
          {scale === null && <i className={classes.second} style={{ background: SECOND_COLOUR }} aria-hidden />}
          Bones {other.number}
        </span>
      </div>
      {scale !== null && (
        <div className={classes.legend} data-testid="legend">
          <span className={classes.scale} style={{ background: heatGradient() }} aria-hidden />
          <span className={`${classes.ticks} figures`}>
            <span>0</span>
            <span>{number(scale / 2)}</span>
            <span>≥ {number(scale)} mm apart</span>
          </span>
          <span className={classes.unseen}>
            <i style={{ background: UNSEEN }} aria-hidden /> seen by one source only
          </span>
        </div>
      )}
    </div>
  );
}
