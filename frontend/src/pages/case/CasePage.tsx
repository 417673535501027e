import { Center, Loader } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { type ReactNode, useCallback, useMemo, useState } from 'react';

import { ApiError } from '../../api/errors';
import { useCase, useOutlines } from '../../api/queries';
import type { CaseDetail } from '../../api/types';
import { ErrorNote } from '../../components/ErrorNote';
import type { BoneName } from '../../domain/bones';
import { SIDES } from '../../domain/format';
import type { Point } from '../../domain/plan';
import { NotFoundPage } from '../NotFoundPage';
import { BonePane, type Focus, type Wedge } from './BonePane';
import classes from './Case.module.css';
import { CaseHeader } from './CaseHeader';
import { SidePanel, type Tab } from './SidePanel';
import { type Layout, Toolbar } from './Toolbar';
import { usePlanner } from './usePlanner';
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

function CaseView({ detail }: { detail: CaseDetail }): ReactNode {
  const planner = usePlanner(detail);
  const hasBones = detail.bone_sets.length > 0;

  // What the state suggests, until the person chooses otherwise; a new state suggests anew.
  const [chosenTab, setChosenTab] = useState<{ state: string; tab: Tab } | null>(null);
  const tab = chosenTab?.state === detail.state ? chosenTab.tab : tabFor(detail);
  const [chosenLayout, setLayout] = useState<Layout | null>(null);
  const layout = hasBones ? (chosenLayout ?? 'both') : 'images';

  const [hidden, setHidden] = useState<ReadonlySet<BoneName>>(new Set());
  const [opacity, setOpacity] = useState(0.85);
  const [guideId, setGuideId] = useState<string | null>(null);
  const [focus, setFocus] = useState<Focus | null>(null);
  const setTab = (next: Tab): void => {
    setChosenTab({ state: detail.state, tab: next });
    setFocus(null);
  };
  const look = useCallback((place: Point) => {
    setFocus((now) => ({ place, key: (now?.key ?? 0) + 1 }));
    setLayout((now) => (now === 'images' ? 'both' : now));
  }, []);

  const boneSet = detail.bone_sets.at(-1);
  const outlines = useOutlines(boneSet?.id);
  const guide = detail.guides.find((one) => one.id === guideId) ?? detail.guides.at(-1) ?? null;

  const wedge = useMemo<Wedge | null>(
    () => (tab === 'plan' && planner.document ? { osteotomy: planner.document.osteotomy, degrees: planner.degrees } : null),
    [tab, planner.document, planner.degrees],
  );

  const pane = (view: 'ap' | 'lateral'): ReactNode => (
    <XrayPane
      caseId={detail.id}
      view={view}
      image={detail.images[view]}
      mayUpload={detail.allowed.includes('upload')}
      outlines={outlines.data?.[view]}
      outlineOpacity={opacity}
      hidden={hidden}
    />
  );

  return (
    <div className={classes.case} data-testid="case-page">
      <CaseHeader detail={detail} />
      <div className={classes.work}>
        <Toolbar
          layout={layout}
          onLayout={setLayout}
          hasBones={hasBones}
          bones={Object.keys(boneSet?.bones ?? {})}
          hidden={hidden}
          onHidden={setHidden}
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
              wedge={wedge}
              guide={tab === 'guide' ? guide : null}
              focus={focus}
            />
          )}
        </div>
        {outlines.isError && (
          <ErrorNote error={outlines.error} title="The outlines of the bones" onRetry={() => void outlines.refetch()} />
        )}
      </div>
      <SidePanel
        detail={detail}
        planner={planner}
        boneSet={boneSet}
        tab={tab}
        onTab={setTab}
        guide={guide}
        onGuide={setGuideId}
        onLook={look}
      />
    </div>
  );
}
