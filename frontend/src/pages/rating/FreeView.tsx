import { type KeyboardEvent, type ReactNode, useEffect } from 'react';
import type { BufferGeometry } from 'three';

import { useScene } from '../../components/useScene';
import { BONES, type BoneName } from '../../domain/bones';
import { BoneScene } from '../../scene/bones';
import type { ViewName } from '../../scene/views';
import classes from './Rating.module.css';

export type RatedGeometries = ReadonlyMap<BoneName, BufferGeometry>;

const TURN = Math.PI / 18;
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

  const key = (event: KeyboardEvent): void => {
    const acts: Record<string, () => void> = {
      ArrowLeft: () => scene?.orbit(-TURN, 0),
      ArrowRight: () => scene?.orbit(TURN, 0),
      ArrowUp: () => scene?.orbit(0, TURN),
      ArrowDown: () => scene?.orbit(0, -TURN),
      '+': () => scene?.zoomBy(1.2),
      '=': () => scene?.zoomBy(1.2),
      '-': () => scene?.zoomBy(1 / 1.2),
      Home: () => scene?.reset(),
    };
    const act = acts[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    act();
    event.preventDefault();
  };

  return (
    <div
      className={classes.freeView}
      role="application"
      aria-roledescription="3D view"
      aria-label="Bones in 3D. Arrow keys turn, plus and minus zoom, Home shows everything."
      tabIndex={0}
      onKeyDown={key}
      data-testid="free-view"
    >
      <div ref={ref} className={classes.canvasHost} />
    </div>
  );
}
