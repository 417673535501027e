import { Tabs } from '@mantine/core';
import { memo, type ReactNode } from 'react';

import type { BoneSet, CaseDetail, Guide } from '../../api/types';
import type { Point } from '../../domain/plan';
import { BonesPanel } from './BonesPanel';
import classes from './Case.module.css';
import type { Comparing } from './ComparePanel';
import { GuidePanel } from './GuidePanel';
import { NextStep } from './NextStep';
import { PlanPanel } from './PlanPanel';
import { SourcesPanel } from './SourcesPanel';
import { Timeline } from './Timeline';

export type Tab = 'case' | 'sources' | 'bones' | 'plan' | 'guide';

interface Props {
  detail: CaseDetail;
  boneSet: BoneSet | undefined;
  onBoneSet: (id: string) => void;
  comparing: Comparing;
  tab: Tab;
  onTab: (tab: Tab) => void;
  guide: Guide | null;
  onGuide: (id: string) => void;
  onLook: (place: Point) => void;
}

/** Numbers and acts on the right: the next step on top, then what has happened, sources, bones, plan and guide. */
export const SidePanel = memo(function SidePanel({ detail, boneSet, onBoneSet, comparing, tab, onTab, guide, onGuide, onLook }: Props): ReactNode {
  return (
    <aside className={classes.panel} aria-label="Numbers and next step">
      <NextStep detail={detail} tab={tab} onTab={onTab} />
      <Tabs
        value={tab}
        onChange={(value) => value && onTab(value as Tab)}
        className={classes.tabs}
        keepMounted={false}
        classNames={{ panel: classes.tabPanel, list: classes.tabList }}
      >
        <Tabs.List>
          <Tabs.Tab value="case" data-testid="tab-case">
            Timeline
          </Tabs.Tab>
          <Tabs.Tab value="sources" data-testid="tab-sources">
            Sources
          </Tabs.Tab>
          <Tabs.Tab value="bones" data-testid="tab-bones">
            Bones
          </Tabs.Tab>
          <Tabs.Tab value="plan" disabled={detail.bone_sets.length === 0} data-testid="tab-plan">
            Plan
          </Tabs.Tab>
          <Tabs.Tab value="guide" disabled={detail.plans.length === 0} data-testid="tab-guide">
            Guide
          </Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="case">
          <Timeline entries={detail.timeline} />
        </Tabs.Panel>
        <Tabs.Panel value="sources">
          <SourcesPanel detail={detail} boneSet={boneSet} />
        </Tabs.Panel>
        <Tabs.Panel value="bones">
          <BonesPanel detail={detail} shown={boneSet} onShow={onBoneSet} comparing={comparing} />
        </Tabs.Panel>
        <Tabs.Panel value="plan">
          <PlanPanel detail={detail} />
        </Tabs.Panel>
        <Tabs.Panel value="guide">
          <GuidePanel detail={detail} guide={guide} onGuide={onGuide} onLook={onLook} />
        </Tabs.Panel>
      </Tabs>
    </aside>
  );
});
