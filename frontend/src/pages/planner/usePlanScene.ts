import { useQueries } from '@tanstack/react-query';
import { useCallback, useEffect } from 'react';

import { geometryOptions } from '../../api/queries';
import type { BoneSet, Side } from '../../api/types';
import { type SceneHost, useScene } from '../../components/useScene';
import { BONES, isBone } from '../../domain/bones';
import { withCut, withLandmark } from '../../domain/planRequest';
import { bonesGeometry } from '../../scene/meshes';
import type { Dragged } from '../../scene/planner/drag';
import { PlannerScene, type Shown } from '../../scene/planner/scene';
import type { Planner } from '../case/usePlanner';

interface PlanSceneHost extends SceneHost<PlannerScene> {
  loaded: number;
  expected: number;
  /** A bone that could not be loaded. */
  broken: { error: unknown; refetch: () => unknown } | undefined;
}

/** The planner's scene in step with bones, plan and switches; what is dragged in it goes to the planner. */
export function usePlanScene(side: Side, boneSet: BoneSet, planner: Planner, shown: Shown): PlanSceneHost {
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

  useEffect(() => scene?.show(shown), [scene, shown]);

  const { set, document, mayPlan } = planner;
  useEffect(() => {
    if (!scene) return undefined;
    scene.onDrag = mayPlan ? (drag) => set((now) => dragged(now, drag), drag.done) : null;
    return () => {
      scene.onDrag = null;
    };
    function dragged(now: Planner['state'], { name, place, moved }: Dragged): Planner['state'] {
      if (!name.startsWith('cut:')) return withLandmark(now, name, [...place]);
      const { start_point: start, hinge_point: hinge } = (scene?.grabbedCut ?? document?.osteotomy) || {};
      if (!start || !hinge) return now;
      if (name === 'cut:start') return withCut(now, { start_point: [...place], hinge_point: hinge });
      if (name === 'cut:hinge') return withCut(now, { start_point: start, hinge_point: [...place] });
      const along = (point: readonly number[]): number[] => point.map((x, i) => x + (moved[i] ?? 0));
      return withCut(now, { start_point: along(start), hinge_point: along(hinge) });
    }
  }, [scene, set, document, mayPlan]);

  return { ...host, loaded, expected: names.length, broken: meshes.find((mesh) => mesh.isError) };
}
