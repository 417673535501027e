import { type ReactNode, useEffect, useState } from 'react';

import type { BoneSet, Guide, Side } from '../../api/types';
import { useKeys } from '../../components/useKeys';
import type { Point } from '../../domain/plan';
import { VIEWS } from '../../scene/views';
import { BRUSH_MM } from '../../domain/painting';
import { Fluoroscopy } from './Fluoroscopy';
import { GapLegend } from './GapLegend';
import classes from './Guides.module.css';
import { GuideStage } from './GuideStage';
import { GuideToolbar, type Look, type Medium } from './GuideToolbar';
import { PaintBar, type PaintMode } from './PaintBar';
import { reported, useGuideScene } from './useGuideScene';
import type { Painting } from './usePainting';

/** A place to look at; `key` changes with every request, so that the same place can be asked for twice. */
export interface Focus {
  place: Point;
  key: number;
}

interface Props {
  side: Side;
  boneSet: BoneSet | undefined;
  guide: Guide | null;
  focus: Focus | null;
  /** Contact area for the next design; null where none can be asked for. */
  painting: Painting | null;
}

const PLAIN: Look = { section: null, contact: false, wires: true, weakest: false, others: false };

/** The design on its bone: in 3D, cut open, coloured by its gaps, or as a C-arm would show it. */
export function DesignWork({ side, boneSet, guide, focus, painting }: Props): ReactNode {
  const [medium, setMedium] = useState<Medium>('space');
  const [look, setLook] = useState(PLAIN);
  const [looked, setLooked] = useState(focus?.key);
  if (focus && focus.key !== looked) {
    // A place was asked for: it is looked for in 3D.
    setLooked(focus.key);
    setMedium('space');
  }
  return (
    <div className={classes.work}>
      {guide && (
        <GuideToolbar
          medium={medium}
          onMedium={setMedium}
          look={look}
          onLook={setLook}
          hasContact={guide.files.contact !== null}
          hasWeakest={guide.scores?.weakest != null}
        />
      )}
      {medium === 'film' && guide ? (
        <Fluoroscopy guide={guide} />
      ) : (
        <Space side={side} boneSet={boneSet} guide={guide} focus={focus} look={look} onLook={setLook} painting={painting} />
      )}
    </div>
  );
}

interface SpaceProps extends Props {
  look: Look;
  onLook: (look: Look) => void;
}

function Space({ side, boneSet, guide, focus, look, onLook, painting }: SpaceProps): ReactNode {
  const [mode, setMode] = useState<PaintMode>('off');
  const [radius, setRadius] = useState<number>(BRUSH_MM.usual);
  const shown = useGuideScene(side, boneSet, guide, look);
  const { scene, complete } = shown;
  useEffect(() => {
    if (focus && complete) scene?.focus(focus.place);
  }, [scene, focus, complete]);
  const held = painting && mode !== 'off';
  const draw = painting?.draw;
  useEffect(() => {
    scene?.paint(held && draw ? { radius, add: mode === 'add', done: draw } : null);
  }, [scene, held, draw, radius, mode]);
  const strokes = painting?.strokes;
  useEffect(() => {
    scene?.setPainting(strokes ?? []);
  }, [scene, strokes]);
  const flip = (name: 'contact' | 'wires' | 'weakest' | 'others') => (): void => onLook({ ...look, [name]: !look[name] });
  useKeys({
    ...Object.fromEntries(VIEWS.map((view, i) => [String(i + 1), () => scene?.setView(view)])),
    r: () => scene?.reset(),
    g: flip('contact'),
    w: flip('wires'),
    m: flip('weakest'),
    b: flip('others'),
  });
  return (
    <>
      {painting && <PaintBar painting={painting} mode={mode} onMode={setMode} radius={radius} onRadius={setRadius} />}
      <GuideStage shown={shown} name="Guide on the bone" testid="guide-view">
        {guide?.files.contact && look.contact && <GapLegend clearance={reported(guide).clearances_mm?.bone ?? 0} />}
      </GuideStage>
    </>
  );
}
