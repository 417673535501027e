import { useQueries, useQuery } from '@tanstack/react-query';
import { useCallback, useEffect } from 'react';

import { geometryOptions } from '../../api/queries';
import type { BoneSet, Guide, Side } from '../../api/types';
import { type SceneHost, useScene } from '../../components/useScene';
import { BONES, isBone } from '../../domain/bones';
import { contactGeometry } from '../../scene/contactFace';
import { type GuideLook, GuideScene } from '../../scene/guide';
import type { Slot } from '../../scene/guideSection';
import type { Wire } from '../../scene/guideParts';
import { bonesGeometry, guideGeometry } from '../../scene/meshes';

/** What the scene reads in the engine's report; older reports may lack some of it. */
interface ReportedGeometry {
  slot?: Slot;
  wires?: Wire[];
  clearances_mm?: { bone: number };
}

export function reported(guide: Guide | null): ReportedGeometry {
  return (guide?.report ?? {}) as ReportedGeometry;
}

export interface ShownGuide extends SceneHost<GuideScene> {
  complete: boolean;
  error: Error | null;
  retry: () => void;
}

/** A guide on its bones in a scene of its own. */
export function useGuideScene(side: Side, boneSet: BoneSet | undefined, guide: Guide | null, look: Omit<GuideLook, 'slot'>): ShownGuide {
  const create = useCallback((canvas: HTMLCanvasElement) => new GuideScene(canvas, side), [side]);
  const host = useScene(create);
  const { scene } = host;
  const names = Object.keys(boneSet?.bones ?? {}).filter(isBone);
  const bones = useQueries({
    queries: names.map((name) => geometryOptions(boneSet?.bones[name]?.display_url ?? '', bonesGeometry)),
  });
  const mesh = useQuery({ ...geometryOptions(guide?.files.preview ?? '', guideGeometry), enabled: guide !== null });
  const contact = useQuery({ ...geometryOptions(guide?.files.contact ?? '', contactGeometry), enabled: guide?.files.contact != null });
  const loaded = bones.filter((bone) => bone.isSuccess).length;

  useEffect(() => {
    if (!scene) return;
    for (const name of BONES) scene.setBone(name, bones[names.indexOf(name)]?.data ?? null);
    // The geometries arrive one after another, and never change once they are there.
    // oxlint-disable-next-line react/exhaustive-deps, react/exhaustive-effect-dependencies
  }, [scene, boneSet?.id, loaded]);
  useEffect(() => {
    scene?.show({ ...look, slot: reported(guide).slot ?? null });
  }, [scene, guide, look]);
  useEffect(() => {
    if (!guide) scene?.setGuide(null, [], null);
    else if (mesh.data) scene?.setGuide(mesh.data, reported(guide).wires ?? [], guide.scores?.weakest ?? null);
  }, [scene, guide, mesh.data]);
  useEffect(() => {
    scene?.setContact(guide?.files.contact ? (contact.data ?? null) : null, reported(guide).clearances_mm?.bone ?? 0);
  }, [scene, guide, contact.data]);

  const broken = [...bones, mesh, contact].find((query) => query.isError);
  return {
    ...host,
    complete: names.length > 0 && loaded === names.length && (guide === null || mesh.isSuccess),
    error: broken?.error ?? (host.failed ? new Error('This browser cannot draw in 3D (WebGL 2 is missing or switched off).') : null),
    retry: () => void broken?.refetch(),
  };
}
