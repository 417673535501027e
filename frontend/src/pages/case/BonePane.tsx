import { ActionIcon, Kbd, Tooltip } from '@mantine/core';
import { useQueries, useQuery } from '@tanstack/react-query';
import { Gauge, Maximize } from 'lucide-react';
import { type ReactNode, useCallback, useEffect, useState } from 'react';

import { geometryOptions } from '../../api/queries';
import type { BoneSet, Guide, Side } from '../../api/types';
import { ErrorNote } from '../../components/ErrorNote';
import { turnByKeys } from '../../components/turnByKeys';
import { useKeys } from '../../components/useKeys';
import { useScene } from '../../components/useScene';
import { untrusted } from '../../domain/boneSets';
import { BONES, type BoneName, isBone } from '../../domain/bones';
import type { Point } from '../../domain/plan';
import { BoneScene } from '../../scene/bones';
import { bonesGeometry, guideGeometry } from '../../scene/meshes';
import { VIEWS } from '../../scene/views';
import classes from './Case.module.css';
import { UncertaintyBar } from './UncertaintyBar';
import type { Compared } from './useComparedPair';

/** A place to look at; `key` changes with every request, so that the same place can be asked for twice. */
export interface Focus {
  place: Point;
  key: number;
}

interface Props {
  side: Side;
  boneSet: BoneSet | undefined;
  hidden: ReadonlySet<BoneName>;
  guide: Guide | null;
  focus: Focus | null;
  /** Two sets in place of one, and where the slider between them stands. */
  compared: Compared | null;
  blend: number;
  children?: ReactNode;
}

/** End of the colour scale of uncertainty, mm: three times what a plan should be off. */
const UNCERTAINTY_END = 3;

/** The bones in 3D, with the guide. */
export function BonePane({ side, boneSet, hidden, guide, focus, compared, blend, children }: Props): ReactNode {
  const create = useCallback((canvas: HTMLCanvasElement) => new BoneScene(canvas, side), [side]);
  const { ref, scene, failed } = useScene(create);
  const [coloured, setColoured] = useState(false);

  const meshes = useQueries({
    queries: Object.entries(boneSet?.bones ?? {})
      .filter(([name]) => isBone(name))
      .map(([, bone]) => geometryOptions(bone.display_url, bonesGeometry)),
  });
  const names = Object.keys(boneSet?.bones ?? {}).filter(isBone);
  const pair = compared?.pair ?? null;
  const loaded = meshes.filter((mesh) => mesh.isSuccess).length;
  const broken = meshes.find((mesh) => mesh.isError);
  const known = meshes.some((mesh) => mesh.data?.userData.uncertainty);
  const byUncertainty = coloured && known && compared === null;
  const guideMesh = useQuery({
    ...geometryOptions(guide?.files.preview ?? '', guideGeometry),
    enabled: guide !== null,
  });

  useEffect(() => {
    if (!scene) return;
    for (const name of BONES) scene.setBone(name, meshes[names.indexOf(name)]?.data ?? null);
    // The geometries arrive one after another, and never change once they are there.
    // oxlint-disable-next-line react/exhaustive-deps, react/exhaustive-effect-dependencies
  }, [scene, boneSet?.id, loaded]);
  useEffect(() => {
    if (!scene) return;
    for (const name of BONES) scene.setVisible(name, !hidden.has(name));
    // oxlint-disable-next-line react/exhaustive-deps, react/exhaustive-effect-dependencies
  }, [scene, hidden, loaded]);
  useEffect(() => scene?.setUncertainty(byUncertainty ? UNCERTAINTY_END : null), [scene, byUncertainty]);
  useEffect(() => scene?.setComparison(pair), [scene, pair]);
  useEffect(() => scene?.setBlend(blend), [scene, blend, pair]);
  useEffect(() => scene?.setGuide(guide ? (guideMesh.data ?? null) : null), [scene, guide, guideMesh.data]);
  useEffect(() => {
    if (focus) scene?.focus(focus.place);
    else scene?.clearMarks();
  }, [scene, focus]);

  useKeys({
    ...Object.fromEntries(VIEWS.map((view, i) => [String(i + 1), () => scene?.setView(view)])),
    r: () => scene?.reset(),
    u: () => setColoured((before) => !before),
  });

  return (
    <section className={classes.pane} aria-label="Bones in 3D" data-testid="bones">
      <div
        className={classes.viewport}
        role="application"
        aria-roledescription="3D view"
        aria-label="Bones in 3D. Arrow keys turn, plus and minus zoom, 1 to 6 show the standard views, R shows everything."
        tabIndex={0}
        onKeyDown={(event) => turnByKeys(scene, event)}
        data-testid="bone-view"
        data-complete={(names.length > 0 && loaded === names.length) || undefined}
        data-guide={(guide !== null && guideMesh.isSuccess) || undefined}
        data-bones={boneSet?.number}
        data-compared={pair !== null || undefined}
        data-uncertainty={byUncertainty || undefined}
      >
        <div ref={ref} className={classes.canvasHost} />
        {boneSet && loaded < names.length && !broken && (
          <div className={classes.waiting}>
            Loading bones {loaded} of {names.length} …
          </div>
        )}
        {compared?.loading && <div className={classes.waiting}>Loading both sets …</div>}
      </div>
      {children}
      {byUncertainty && boneSet && (
        <UncertaintyBar end={UNCERTAINTY_END} untrusted={untrusted(boneSet.report)} />
      )}
      {(broken || guideMesh.isError || compared?.error != null || failed) && (
        <div className={classes.paneError}>
          <ErrorNote
            error={
              broken?.error ??
              guideMesh.error ??
              compared?.error ??
              new Error('This browser cannot draw in 3D (WebGL 2 is missing or switched off).')
            }
            {...(broken ? { onRetry: () => void broken.refetch() } : {})}
            {...(guideMesh.isError ? { onRetry: () => void guideMesh.refetch() } : {})}
          />
        </div>
      )}
      <div className={classes.viewKeys} role="group" aria-label="Standard views">
        {VIEWS.map((view, i) => (
          <Tooltip key={view} label={`${view.charAt(0).toUpperCase()}${view.slice(1)} view`}>
            <button type="button" className={classes.viewKey} onClick={() => scene?.setView(view)} aria-label={`${view} view`}>
              <Kbd size="xs">{i + 1}</Kbd> {view.slice(0, 3)}
            </button>
          </Tooltip>
        ))}
        {known && compared === null && (
          <Tooltip label="Colour by uncertainty (U)">
            <ActionIcon
              variant={coloured ? 'filled' : 'subtle'}
              color="gray"
              size="sm"
              aria-label="Colour by uncertainty"
              aria-pressed={coloured}
              onClick={() => setColoured(!coloured)}
              data-testid="uncertainty"
            >
              <Gauge size={14} />
            </ActionIcon>
          </Tooltip>
        )}
        <Tooltip label="Everything in sight (R)">
          <ActionIcon variant="subtle" color="gray" size="sm" aria-label="Reset the 3D view" onClick={() => scene?.reset()}>
            <Maximize size={14} />
          </ActionIcon>
        </Tooltip>
      </div>
    </section>
  );
}
