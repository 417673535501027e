import { useQueries } from '@tanstack/react-query';
import { useMemo } from 'react';
import { Matrix4 } from 'three';

import { distanceOptions } from '../../api/boneSets';
import { geometryOptions } from '../../api/queries';
import type { BoneSet, Comparison } from '../../api/types';
import { type BoneName, isBone } from '../../domain/bones';
import type { ComparedBone, ComparedPair } from '../../scene/comparison';
import { bonesGeometry } from '../../scene/meshes';

export interface Compared {
  pair: ComparedPair | null;
  loading: boolean;
  error: unknown;
}

/** Surfaces and distances of two sets, as the scene wants them; the motion between their frames if they have two. */
export function useComparedPair(
  shown: BoneSet | undefined,
  other: BoneSet | undefined,
  comparison: Comparison | undefined,
  coloured: boolean,
): Compared {
  const swapped = comparison !== undefined && comparison.first !== shown?.id;
  const wanted = useMemo(
    () =>
      shown && other
        ? ([['first', shown], ['second', other]] as const).flatMap(([which, set]) =>
            Object.entries(set.bones)
              .filter(([name]) => isBone(name))
              .map(([name, bone]) => {
                const measured = (which === 'first') === !swapped ? 'first' : 'second';
                const distances = coloured ? comparison?.distances[measured]?.[name] : undefined;
                return { which, name: name as BoneName, surface: bone.display_url, distances };
              }),
          )
        : [],
    [shown, other, comparison, coloured, swapped],
  );
  const surfaces = useQueries({ queries: wanted.map((one) => geometryOptions(one.surface, bonesGeometry)) });
  const measured = wanted.flatMap((one) => (one.distances ? [one.distances] : []));
  const values = useQueries({ queries: measured.map((url) => distanceOptions(url)) });

  const ready = [...surfaces, ...values].filter((query) => query.isSuccess).length;
  const loading = wanted.length > 0 && ready < wanted.length + measured.length;
  const pair = useMemo<ComparedPair | null>(() => {
    if (wanted.length === 0 || loading) return null;
    const made: ComparedPair = {
      first: {},
      second: {},
      transform: between(comparison, swapped),
      scale: coloured && comparison ? comparison.report.scale_mm : null,
    };
    wanted.forEach((one, i) => {
      const geometry = surfaces[i]?.data;
      const distances = one.distances ? (values[measured.indexOf(one.distances)]?.data ?? null) : null;
      if (geometry) made[one.which][one.name] = { geometry, distances } satisfies ComparedBone;
    });
    return made;
    // Queries are new objects at every render; `ready` counts what has arrived, and what arrived never changes.
    // oxlint-disable-next-line react/exhaustive-deps, react/exhaustive-effect-dependencies
  }, [wanted, ready, loading, comparison, coloured, swapped]);
  return { pair, loading, error: [...surfaces, ...values].find((query) => query.isError)?.error ?? null };
}

/** The comparison's motion brings its second set to its first; turned round where the first one is the other here. */
function between(comparison: Comparison | undefined, swapped: boolean): ComparedPair['transform'] {
  const transform = comparison?.report.alignment?.transform;
  if (!transform) return null;
  if (!swapped) return transform;
  const rows = new Matrix4().fromArray(transform.flat()).transpose().invert().transpose().toArray();
  return [0, 4, 8, 12].map((at) => rows.slice(at, at + 4));
}
