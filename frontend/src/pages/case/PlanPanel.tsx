import { Button, Group, Loader, Stack, Text } from '@mantine/core';
import { Table2 } from 'lucide-react';
import { type ReactNode, useCallback, useRef, useState } from 'react';

import type { CaseDetail } from '../../api/types';
import { ErrorNote } from '../../components/ErrorNote';
import { currentSet, setLabel } from '../../domain/boneSets';
import { AlternativesDialog } from '../planner/AlternativesDialog';
import { LandmarkList } from '../planner/LandmarkList';
import { Constructions, CountedOn, Doubts, Openings } from '../planner/Openings';
import { PlanActs } from '../planner/PlanActs';
import { MeasureTable } from './MeasureTable';
import { PlanList } from './PlanList';
import { useThisPlanner } from './usePlanner';
import { Warnings } from './Warnings';

/** The openings and measures that follow from it, warnings, landmarks, and the plans that were stored. */
export function PlanPanel({ detail }: { detail: CaseDetail }): ReactNode {
  const planner = useThisPlanner();
  const { document } = planner;
  const bones = currentSet(detail);
  const [comparing, setComparing] = useState(false);
  const compare = useCallback(() => setComparing(true), [setComparing]);
  const warnings = useRef<HTMLDivElement>(null);
  const toWarnings = useCallback(() => warnings.current?.scrollIntoView({ block: 'center' }), []);

  return (
    <Stack gap="md" data-testid="plan-panel">
      <Group justify="space-between" wrap="nowrap">
        {bones && (
          <Text size="sm" data-testid="plan-bones">
            On <b>{setLabel(bones)}</b>
            <span className="dim"> ({bones.model})</span>
          </Text>
        )}
        {planner.mayPlan && document && (
          <Button flex="none" variant="default" size="compact-sm" leftSection={<Table2 size={14} />} onClick={compare} data-testid="alternatives">
            Alternatives
          </Button>
        )}
      </Group>
      {planner.error != null && <ErrorNote error={planner.error} title="Measuring this plan" onRetry={planner.retry} />}
      {!document && planner.pending && (
        <Group gap="xs">
          <Loader size={14} />
          <Text size="sm" c="dimmed">
            Finding landmarks …
          </Text>
        </Group>
      )}
      {document && (
        <>
          <Openings osteotomy={document.osteotomy} degrees={planner.degrees} />
          <Doubts osteotomy={document.osteotomy} degrees={planner.degrees} />
          <Constructions osteotomy={document.osteotomy} />
          <CountedOn compensation={document.jlca_compensation} />
          <MeasureTable measures={document.measures} settled={planner.exact} />
          <div ref={warnings}>
            <Warnings warnings={document.warnings} />
          </div>
          <LandmarkList
            document={document}
            landmarks={planner.state.landmarks}
            cut={planner.state.cut}
            slopeChange={planner.state.slopeChange}
            mayPlan={planner.mayPlan}
            onSet={planner.set}
          />
        </>
      )}
      <PlanList detail={detail} mayPlan={planner.mayPlan} onSet={planner.set} />
      <PlanActs detail={detail} planner={planner} onWarnings={toWarnings} />
      {comparing && <AlternativesDialog caseId={detail.id} planner={planner} onClose={() => setComparing(false)} />}
    </Stack>
  );
}
