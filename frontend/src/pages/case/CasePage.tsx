import { Center, Loader } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { type ReactNode, useCallback, useMemo, useState } from 'react';

import { ApiError } from '../../api/errors';
import { useCase, useOutlines } from '../../api/queries';
import type { BoneSet, CaseDetail, Guide } from '../../api/types';
import { ErrorNote } from '../../components/ErrorNote';
import { comparisonOf, currentSet } from '../../domain/boneSets';
import type { BoneName } from '../../domain/bones';
import { SIDES } from '../../domain/format';
import type { Point } from '../../domain/plan';
import { NotFoundPage } from '../NotFoundPage';
import { PlannerWork } from '../planner/PlannerWork';
import { BonePane, type Focus } from './BonePane';
import classes from './Case.module.css';
import { CaseHeader } from './CaseHeader';
import { CompareBar } from './CompareBar';
import { SidePanel, type Tab } from './SidePanel';
import { type Layout, Toolbar } from './Toolbar';
import { useComparedPair } from './useComparedPair';
import { PlannerContext, usePlanner } from './usePlanner';
import { XrayPane } from './XrayPane';

export default function CasePage({ id }: { id: string }): ReactNode {
  const query = useCase(id);
  useDocumentTitle(query.data ? `${query.data.pseudonym} ${SIDES[query.data.side]} · Knee Guides` : 'Case · Knee Guides');
  if (query.data) return <CaseView detail={query.data} />;
  if (query.error instanceof ApiError && query.error.status === 404) return <NotFoundPage what="case" />;
  return (
    <Center h="100%" p="xl">
      {query.isError ? <ErrorNote error={query.error} onRetry={() => void query.refetch()} /> : <Loader size="sm" />}
    </Center>
  );
}

function tabFor(detail: CaseDetail): Tab {
  switch (detail.state) {
    case 'to_plan':
    case 'to_approve':
      return 'plan';
    case 'to_design':
    case 'designing':
    case 'guide_ready':
      return 'guide';
    default:
      return 'case';
  }
}

/** The set on the screen: what is planned on beside a plan, what a guide was made for beside it, else what was chosen. */
function shownSet(detail: CaseDetail, tab: Tab, chosen: string | null, guide: Guide | null): BoneSet | undefined {
  const current = currentSet(detail);
  const find = (id: string | undefined | null): BoneSet | undefined => detail.bone_sets.find((set) => set.id === id);
  if (tab === 'plan') return current;
  if (tab === 'guide') return find(detail.plans.find((plan) => plan.id === guide?.plan)?.bone_set) ?? current;
  return find(chosen) ?? current;
}

function CaseView({ detail }: { detail: CaseDetail }): ReactNode {
  const planner = usePlanner(detail);
  const [guideId, setGuideId] = useState<string | null>(null);

  // What the state suggests, until the person chooses otherwise; a new state suggests anew, but pulls nobody away from
  // the bones, where choosing and adding them changes the state by itself.
  const [chosenTab, setChosenTab] = useState<{ state: string; tab: Tab } | null>(null);
  const tab = chosenTab && (chosenTab.state === detail.state || chosenTab.tab === 'bones') ? chosenTab.tab : tabFor(detail);
  const [chosenLayout, setLayout] = useState<Layout | null>(null);
  const [chosenSet, setChosenSet] = useState<string | null>(null);
  const [otherSet, setOtherSet] = useState<string | null>(null);
  const [coloured, setColoured] = useState(true);
  const [blend, setBlend] = useState(0.5);
  const guide = detail.guides.find((one) => one.id === guideId) ?? detail.guides.at(-1) ?? null;
  const boneSet = shownSet(detail, tab, chosenSet, guide);
  const other = tab === 'bones' ? detail.bone_sets.find((set) => set.id === otherSet && set.id !== boneSet?.id) : undefined;
  const comparison = boneSet && other && comparisonOf(detail.comparisons, boneSet.id, other.id);
  // Two sets in two frames lie over one another only after they were aligned for a comparison.
  const overlaid = other && (comparison || other.coordinates === boneSet?.coordinates) ? other : undefined;
  const compared = useComparedPair(boneSet, overlaid, comparison, coloured);
  const hasBones = boneSet !== undefined;
  const layout = hasBones ? (chosenLayout ?? 'both') : 'images';

  const [hidden, setHidden] = useState<ReadonlySet<BoneName>>(new Set());
  const [opacity, setOpacity] = useState(0.85);
  const [focus, setFocus] = useState<Focus | null>(null);
  const setTab = useCallback(
    (next: Tab): void => {
      setChosenTab({ state: detail.state, tab: next });
      setFocus(null);
    },
    [detail.state, setChosenTab, setFocus],
  );
  const comparing = useMemo(() => ({ other: otherSet, onOther: setOtherSet, coloured, onColoured: setColoured }), [otherSet, setOtherSet, coloured, setColoured]);
  const look = useCallback((place: Point) => {
    setFocus((now) => ({ place, key: (now?.key ?? 0) + 1 }));
    setLayout((now) => (now === 'images' ? 'both' : now));
  }, [setLayout]);

  const hasOutlines = boneSet?.frame === 'rig';
  const outlines = useOutlines(hasOutlines ? boneSet.id : undefined);

  const pane = (view: 'ap' | 'lateral'): ReactNode => (
    <XrayPane
      caseId={detail.id}
      view={view}
      image={detail.images[view]}
      mayUpload={detail.allowed.includes('upload')}
      outlines={hasOutlines ? outlines.data?.[view] : undefined}
      outlineOpacity={opacity}
      hidden={hidden}
    />
  );

  return (
    <PlannerContext value={planner}>
      <div className={classes.case} data-testid="case-page">
        <CaseHeader detail={detail} />
        {tab === 'plan' && boneSet ? (
          <PlannerWork detail={detail} boneSet={boneSet} hidden={hidden} onHidden={setHidden} />
        ) : (
          <div className={classes.work}>
            <Toolbar
              layout={layout}
              onLayout={setLayout}
              hasBones={hasBones}
              bones={Object.keys(boneSet?.bones ?? {})}
              hidden={hidden}
              onHidden={setHidden}
              hasOutlines={hasOutlines}
              opacity={opacity}
              onOpacity={setOpacity}
            />
            <div className={classes.views} data-layout={layout}>
              {layout !== 'bones' && (
                <div className={classes.films}>
                  {pane('ap')}
                  {pane('lateral')}
                </div>
              )}
              {layout !== 'images' && (
                <BonePane
                  side={detail.side}
                  boneSet={boneSet}
                  hidden={hidden}
                  guide={tab === 'guide' ? guide : null}
                  focus={focus}
                  compared={overlaid ? compared : null}
                  blend={blend}
                >
                  {boneSet && overlaid && (
                    <CompareBar
                      shown={boneSet}
                      other={overlaid}
                      blend={blend}
                      onBlend={setBlend}
                      scale={coloured && comparison ? comparison.report.scale_mm : null}
                    />
                  )}
                </BonePane>
              )}
            </div>
            {outlines.isError && (
              <ErrorNote error={outlines.error} title="The outlines of the bones" onRetry={() => void outlines.refetch()} />
            )}
          </div>
        )}
        <SidePanel
          detail={detail}
          boneSet={boneSet}
          onBoneSet={setChosenSet}
          comparing={comparing}
          tab={tab}
          onTab={setTab}
          guide={guide}
          onGuide={setGuideId}
          onLook={look}
        />
      </div>
    </PlannerContext>
  );
}
