import { useQueries } from '@tanstack/react-query';
import { useCallback, useEffect, useLayoutEffect } from 'react';
import { flushSync } from 'react-dom';

import { geometryOptions } from '../../api/queries';
import type { BoneSet, Side } from '../../api/types';
import { type SceneHost, useScene } from '../../components/useScene';
import { BONES, isBone } from '../../domain/bones';
import { slopeOfGrip } from '../../domain/hingeAxis';
import { withGrip, withLandmark } from '../../domain/planRequest';
import { bonesGeometry } from '../../scene/meshes';
import type { Dragged } from '../../scene/planner/drag';
import { AXIS_HANDLE } from '../../scene/planner/handles';
import { PlannerScene, type Shown } from '../../scene/planner/scene';
import type { Planner } from '../case/usePlanner';

interface PlanSceneHost extends SceneHost<PlannerScene> {
  loaded: number;
  expected: number;
  /** A bone that could not be loaded. */
  broken: { error: unknown; refetch: () => unknown } | undefined;
}

/** The planner's scene in step with bones, plan and switches; `set` hears of what is dragged in it, if it may be. */
export function usePlanScene(side: Side, boneSet: BoneSet, shown: Shown, set: Planner['set'] | null): PlanSceneHost {
  const create = useCallback((canvas: HTMLCanvasElement) => new PlannerScene(canvas, side), [side]);
  const host = useScene(create);
  const { scene } = host;

  const names = Object.keys(boneSet.bones).filter(isBone);
  const meshes = useQueries({
    queries: names.map((name) => geometryOptions(boneSet.bones[name]?.display_url ?? '', bonesGeometry)),
  });
  const loaded = meshes.filter((mesh) => mesh.isSuccess).length;
  useEffect(() => {
    if (!scene) return;
    for (const name of BONES) scene.setBone(name, meshes[names.indexOf(name)]?.data ?? null);
    // The geometries arrive one after another, and never change once they are there.
    // oxlint-disable-next-line react/exhaustive-deps, react/exhaustive-effect-dependencies
  }, [scene, boneSet.id, loaded]);

  // With the numbers beside it: an effect that comes later would miss the frame.
  useLayoutEffect(() => scene?.show(shown), [scene, shown]);

  const { plan } = shown;
  useEffect(() => {
    if (!scene || !set) return undefined;
    const drag = ({ name, place, moved, done }: Dragged): void => {
      // Looked up now: when the state changes, the hand may have let go already.
      const grabbed = scene.grabbed ?? plan;
      const slope = grabbed && name === AXIS_HANDLE ? slopeOfGrip(grabbed, [...place]) : null;
      // At once: the server is asked before the picture is drawn, and works while it is.
      flushSync(() => {
        if (!name.startsWith('cut:')) set((now) => withLandmark(now, name, [...place]), done);
        else if (name === AXIS_HANDLE) set((now) => (slope === null ? now : { ...now, slopeChange: slope }), done);
        else if (grabbed) set((now) => withGrip(now, name, [...place], [...moved], grabbed.osteotomy), done);
      });
    };
    scene.onDrag = drag;
    return () => {
      scene.onDrag = null;
    };
  }, [scene, set, plan]);

  return { ...host, loaded, expected: names.length, broken: meshes.find((mesh) => mesh.isError) };
}
