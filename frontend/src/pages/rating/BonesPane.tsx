import { SegmentedControl } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useCallback, useEffect, useMemo, useState } from 'react';

import { bonesOptions } from '../../api/rating';
import { ErrorNote } from '../../components/ErrorNote';
import { useKeys } from '../../components/useKeys';
import { useScene } from '../../components/useScene';
import { ratedGeometry, SixViews } from '../../scene/sixViews';
import type { ViewName } from '../../scene/views';
import { FreeView, type RatedGeometries } from './FreeView';
import classes from './Rating.module.css';

/** Which leg it is, is not told: the sides are the patient's left and right, not lateral and medial. */
const SIX: readonly (readonly [ViewName, string])[] = [
  ['anterior', 'Front'],
  ['lateral', "Patient's left"],
  ['superior', 'Top'],
  ['posterior', 'Back'],
  ['medial', "Patient's right"],
  ['inferior', 'Bottom'],
];
const ORDER = SIX.map(([view]) => view);

/** One version of the bones: from the six fixed viewpoints of the paper, or free to turn. */
export function BonesPane({ token }: { token: string }): ReactNode {
  const query = useQuery(bonesOptions(token));
  const [free, setFree] = useState<ViewName | null>(null);
  const bones = useMemo<RatedGeometries | null>(
    () => query.data ? new Map([...query.data].map(([name, bone]) => [name, ratedGeometry(bone)])) : null,
    [query.data],
  );
  useEffect(() => () => bones?.forEach((geometry) => geometry.dispose()), [bones]);
  useKeys({ v: () => setFree((now) => (now === null ? 'anterior' : null)) });

  return (
    <section className={classes.pane} aria-label="Bones" data-testid="rated-bones" data-ready={bones !== null || undefined}>
      {free === null ? <SixPictures bones={bones} onChoose={setFree} /> : <FreeView bones={bones} from={free} />}
      <SegmentedControl
        className={classes.viewSwitch}
        size="xs"
        aria-label="Views of the bones"
        value={free === null ? 'six' : 'free'}
        onChange={(value) => setFree(value === 'six' ? null : 'anterior')}
        data={[
          { value: 'six', label: 'Six views' },
          { value: 'free', label: 'Free 3D' },
        ]}
        data-testid="view-switch"
      />
      {query.isPending && <div className={classes.waiting}>Loading the bones …</div>}
      {query.isError && (
        <div className={classes.paneError}>
          <ErrorNote error={query.error} onRetry={() => void query.refetch()} />
        </div>
      )}
    </section>
  );
}

interface SixProps {
  bones: RatedGeometries | null;
  onChoose: (view: ViewName) => void;
}

function SixPictures({ bones, onChoose }: SixProps): ReactNode {
  const columns = useMediaQuery('(max-aspect-ratio: 1/3)') ? 2 : 3;
  const create = useCallback((canvas: HTMLCanvasElement) => new SixViews(canvas, ORDER, columns), [columns]);
  const { ref, scene, failed } = useScene(create);
  useEffect(() => scene?.setBones(bones ?? new Map()), [scene, bones]);
  return (
    <>
      <div ref={ref} className={classes.canvasHost} />
      <div className={classes.six} style={{ gridTemplateColumns: `repeat(${columns}, 1fr)` }}>
        {SIX.map(([view, label]) => (
          <button key={view} type="button" className={classes.tile} aria-label={`${label}: turn from here in 3D`} onClick={() => onChoose(view)}>
            <span>{label}</span>
          </button>
        ))}
      </div>
      {failed && <NoWebGl />}
    </>
  );
}

function NoWebGl(): ReactNode {
  return (
    <div className={classes.paneError}>
      <ErrorNote error={new Error('This browser cannot draw in 3D (WebGL 2 is missing or switched off).')} />
    </div>
  );
}
