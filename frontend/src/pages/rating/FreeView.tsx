import { type ReactNode, useEffect } from 'react';
import type { BufferGeometry } from 'three';

import { turnByKeys } from '../../components/turnByKeys';
import { useScene } from '../../components/useScene';
import { BONES, type BoneName } from '../../domain/bones';
import { BoneScene } from '../../scene/bones';
import type { ViewName } from '../../scene/views';
import classes from './Rating.module.css';

export type RatedGeometries = ReadonlyMap<BoneName, BufferGeometry>;

const create = (canvas: HTMLCanvasElement): BoneScene => new BoneScene(canvas, 'L');

interface Props {
  bones: RatedGeometries | null;
  /** Where it is looked at from first. */
  from: ViewName;
}

/** The bones in the hand: turned and zoomed by pointer, finger or key. */
export function FreeView({ bones, from }: Props): ReactNode {
  const { ref, scene } = useScene(create);
  useEffect(() => {
    if (!scene) return;
    for (const name of BONES) scene.setBone(name, bones?.get(name) ?? null);
    scene.setView(from);
  }, [scene, bones, from]);

  return (
    <div
      className={classes.freeView}
      role="application"
      aria-roledescription="3D view"
      aria-label="Bones in 3D. Arrow keys turn, plus and minus zoom, Home shows everything."
      tabIndex={0}
      onKeyDown={(event) => turnByKeys(scene, event, { Home: () => scene?.reset() })}
      data-testid="free-view"
    >
      <div ref={ref} className={classes.canvasHost} />
    </div>
  );
}
