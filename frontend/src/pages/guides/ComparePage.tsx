import { ActionIcon, Center, Loader, Select, Switch, Tooltip } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { ArrowLeft } from 'lucide-react';
import { type ReactNode, useEffect, useMemo, useState } from 'react';
import { Link } from 'wouter';

import { ApiError } from '../../api/errors';
import { type ComparedGuides, useComparedGuides } from '../../api/guides';
import { useCase } from '../../api/queries';
import type { CaseDetail, Guide } from '../../api/types';
import { ErrorNote } from '../../components/ErrorNote';
import { useKeys } from '../../components/useKeys';
import { setLabel } from '../../domain/boneSets';
import { SIDES } from '../../domain/format';
import { judgedOn, STATE_LABELS } from '../../domain/guides';
import { VIEWS } from '../../scene/views';
import caseClasses from '../case/Case.module.css';
import { NotFoundPage } from '../NotFoundPage';
import { CompareTables } from './CompareTables';
import { GapLegend } from './GapLegend';
import classes from './Guides.module.css';
import { GuideStage } from './GuideStage';
import { type Look } from './GuideToolbar';
import { reported, useGuideScene } from './useGuideScene';

const OWN = 'own';

/** Two designs of one knee side by side: both views turn together. */
export default function ComparePage({ id, other }: { id: string; other: string }): ReactNode {
  const [bones, setBones] = useState<string | null>(null);
  const query = useComparedGuides(id, other, bones);
  useDocumentTitle('Two guides compared · Knee Guides');
  if (query.data) return <OfCase found={query.data} onBones={setBones} />;
  if (query.error instanceof ApiError && query.error.status === 404) return <NotFoundPage what="guide" />;
  return <Waiting query={query} />;
}

interface Props {
  found: ComparedGuides;
  /** Judge both on a bone set, or each on its own with null. */
  onBones: (id: string | null) => void;
}

function OfCase({ found, onBones }: Props): ReactNode {
  const query = useCase(found.first.case);
  return query.data ? <Compared detail={query.data} found={found} onBones={onBones} /> : <Waiting query={query} />;
}

function Waiting({ query }: { query: { isError: boolean; error: Error | null; refetch: () => unknown } }): ReactNode {
  return (
    <Center h="100%" p="xl">
      {query.isError ? <ErrorNote error={query.error} onRetry={() => void query.refetch()} /> : <Loader size="sm" />}
    </Center>
  );
}

function Compared({ detail, found, onBones }: Props & { detail: CaseDetail }): ReactNode {
  const [shownFirst, shownSecond] = useMemo(() => [judgedOn(found.first, found.bones), judgedOn(found.second, found.bones)], [found]);
  const [contact, setContact] = useState(found.first.files.contact !== null && found.second.files.contact !== null);
  const look = useMemo<Look>(() => ({ section: null, contact, wires: false, weakest: false, others: false }), [contact]);
  const bonesOf = (guide: Guide) => {
    const plan = detail.plans.find((one) => one.id === guide.plan);
    return detail.bone_sets.find((set) => set.id === plan?.bone_set);
  };
  const first = useGuideScene(detail.side, bonesOf(found.first), shownFirst, look);
  const second = useGuideScene(detail.side, bonesOf(found.second), shownSecond, look);
  const sameFrame = bonesOf(found.first)?.coordinates === bonesOf(found.second)?.coordinates;
  const [a, b] = [first.scene, second.scene];
  const complete = first.complete && second.complete;
  useEffect(() => {
    // In two frames the same camera would show two different places.
    if (!a || !b || !sameFrame || !complete) return undefined;
    b.follow(a.pose);
    const stops = [a.listenPose((pose) => b.follow(pose)), b.listenPose((pose) => a.follow(pose))];
    return () => stops.forEach((stop) => stop());
  }, [a, b, sameFrame, complete]);
  const both = (act: (scene: NonNullable<typeof a>) => void): void => {
    for (const scene of [a, b]) if (scene) act(scene);
  };
  useKeys({
    ...Object.fromEntries(VIEWS.map((view, i) => [String(i + 1), () => both((scene) => scene.setView(view))])),
    r: () => both((scene) => scene.reset()),
    g: () => setContact(!contact),
  });
  return (
    <div className={classes.compare} data-testid="compare-page">
      <header className={classes.header}>
        <Tooltip label="Back to the design">
          <ActionIcon component={Link} href={`/guides/cases/${detail.id}/${found.second.id}`} variant="subtle" color="gray" aria-label="Back to the design">
            <ArrowLeft size={18} />
          </ActionIcon>
        </Tooltip>
        <h1 className={caseClasses.pseudonym}>{detail.pseudonym}</h1>
        <span className={caseClasses.side}>{SIDES[detail.side]}</span>
        <span className="dim">
          Guides {found.first.version} and {found.second.version}
        </span>
        <span className={caseClasses.grow} />
        {detail.bone_sets.length > 1 && (
          <Select
            size="xs"
            w={230}
            aria-label="On which bones both are judged"
            allowDeselect={false}
            data={[
              { value: OWN, label: 'Each judged on its own bones' },
              ...detail.bone_sets.map((set) => ({
                value: set.id,
                label: `Both on ${setLabel(set).toLowerCase()}`,
                disabled: !found.common_bones.includes(set.id),
              })),
            ]}
            value={found.bones ?? OWN}
            onChange={(id) => onBones(id === OWN ? null : id)}
            data-testid="compared-on"
          />
        )}
        <Switch size="xs" label="Colour by gap" checked={contact} onChange={(event) => setContact(event.currentTarget.checked)} data-testid="compare-gaps" />
      </header>
      <GuideStage shown={first} name={`Guide ${found.first.version}`} testid="first-view" keys={false}>
        <Caption guide={found.first} />
        {contact && <GapLegend clearance={reported(found.first).clearances_mm?.bone ?? 0} />}
      </GuideStage>
      <GuideStage shown={second} name={`Guide ${found.second.version}`} testid="second-view" keys={false}>
        <Caption guide={found.second} />
        {contact && <GapLegend clearance={reported(found.second).clearances_mm?.bone ?? 0} />}
      </GuideStage>
      <aside className={`${classes.side} ${classes.right}`} aria-label="What differs">
        <CompareTables found={found} />
      </aside>
    </div>
  );
}

function Caption({ guide }: { guide: Guide }): ReactNode {
  return (
    <div className={classes.caption}>
      Guide {guide.version}, {STATE_LABELS[guide.state].toLowerCase()}
      <small>{guide.reason || guide.presets.map(({ label }) => label).join(', ')}</small>
    </div>
  );
}
