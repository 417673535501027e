import { ActionIcon, Button, Group, Loader, NumberInput, Slider, Stack, Text, TextInput, Tooltip } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { BadgeCheck, Redo2, Save, TriangleAlert, Undo2 } from 'lucide-react';
import { type ReactNode, useRef, useState } from 'react';

import { useSavePlan } from '../../api/queries';
import type { CaseDetail } from '../../api/types';
import { useKeys } from '../../components/useKeys';
import { ErrorNote } from '../../components/ErrorNote';
import { currentSet, setLabel } from '../../domain/boneSets';
import { number, quantity } from '../../domain/format';
import { CORRECTION } from '../../domain/plan';
import { gapsAt } from '../../domain/wedge';
import { ApproveDialog } from './ApproveDialog';
import classes from './Case.module.css';
import { MeasureTable } from './MeasureTable';
import { PlanList } from './PlanList';
import type { Planner } from './usePlanner';
import { Warnings } from './Warnings';

const MARKS = [0, 5, 10, 15, 20].map((value) => ({ value, label: `${value}°` }));

/** The correction, the openings and measures that follow from it, and the plans that were stored. */
export function PlanPanel({ detail, planner }: { detail: CaseDetail; planner: Planner }): ReactNode {
  const { document, degrees, exact, latest } = planner;
  const save = useSavePlan(detail.id);
  const bones = currentSet(detail);
  const [reason, setReason] = useState('');
  const [approving, setApproving] = useState(false);
  const warnings = useRef<HTMLDivElement>(null);
  const mayApprove = detail.allowed.includes('approve') && latest?.status === 'draft';

  useKeys({
    'mod+z': () => planner.undo?.(),
    'mod+y': () => planner.redo?.(),
    'mod+shift+z': () => planner.redo?.(),
  });

  const store = (): void =>
    save.mutate(
      { correction_deg: degrees, reason, bone_set: detail.current_bone_set ?? '' },
      {
        onSuccess: (plan) => {
          setReason('');
          notifications.show({ message: `Plan revision ${plan.revision} is saved`, withBorder: true });
        },
      },
    );

  return (
    <Stack gap="md" data-testid="plan-panel">
      {bones && (
        <Text size="sm" data-testid="plan-bones">
          On <b>{setLabel(bones)}</b>
          <span className="dim"> ({bones.model})</span>
        </Text>
      )}
      {planner.mayPlan && (
        <section aria-label="Correction">
          <Group justify="space-between" align="center" mb={4} wrap="nowrap">
            <Text size="sm" fw={600} id="correction-label">
              Correction
            </Text>
            <Group gap={4} wrap="nowrap">
              <Tooltip label="Undo (Ctrl Z)">
                <ActionIcon variant="subtle" color="gray" aria-label="Undo" disabled={!planner.undo} onClick={() => planner.undo?.()} data-testid="undo">
                  <Undo2 size={16} />
                </ActionIcon>
              </Tooltip>
              <Tooltip label="Redo (Ctrl Y)">
                <ActionIcon variant="subtle" color="gray" aria-label="Redo" disabled={!planner.redo} onClick={() => planner.redo?.()} data-testid="redo">
                  <Redo2 size={16} />
                </ActionIcon>
              </Tooltip>
              <NumberInput
                aria-labelledby="correction-label"
                w={84}
                size="sm"
                suffix="°"
                decimalScale={1}
                min={CORRECTION.minimum}
                max={CORRECTION.maximum}
                step={CORRECTION.step}
                clampBehavior="strict"
                value={degrees}
                onChange={(value) => typeof value === 'number' && planner.set(value, true)}
                data-testid="correction-input"
              />
            </Group>
          </Group>
          <Slider
            aria-label="Correction in degrees"
            thumbLabel="Correction in degrees"
            min={CORRECTION.minimum}
            max={CORRECTION.maximum}
            step={CORRECTION.step}
            marks={MARKS}
            label={(value) => quantity(value, 'deg')}
            value={degrees}
            onChange={(value) => planner.set(value, false)}
            onChangeEnd={(value) => planner.set(value, true)}
            mb={22}
            data-testid="correction-slider"
          />
        </section>
      )}

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
          <Openings document={document} degrees={degrees} exact={exact} />
          <MeasureTable measures={document.measures} settled={exact} />
          <div ref={warnings}>
            <Warnings warnings={document.warnings} />
          </div>
        </>
      )}

      <PlanList plans={detail.plans} sets={detail.bone_sets} current={detail.current_bone_set} onTake={planner.mayPlan ? (value) => planner.set(value, true) : undefined} />
      {planner.mayPlan && document && (
        <form
          className={classes.acts}
          onSubmit={(event) => {
            event.preventDefault();
            store();
          }}
        >
          <Stack gap="xs">
            {document.warnings.length > 0 && (
              <button
                type="button"
                className={classes.warningCount}
                onClick={() => warnings.current?.scrollIntoView({ block: 'center' })}
                data-testid="warning-count"
              >
                <TriangleAlert size={14} aria-hidden />
                {document.warnings.length === 1 ? '1 warning' : `${document.warnings.length} warnings`} to read
              </button>
            )}
            {save.isError && <ErrorNote error={save.error} onClose={save.reset} />}
            {(planner.changed || latest === null) && (
              <Group gap="xs" wrap="nowrap" align="flex-end">
                <TextInput
                  flex={1}
                  label="Reason"
                  placeholder={latest ? 'Why it changes' : 'Optional'}
                  maxLength={300}
                  value={reason}
                  onChange={(event) => setReason(event.currentTarget.value)}
                  data-testid="reason"
                />
                <Button
                  type="submit"
                  variant={mayApprove ? 'default' : 'filled'}
                  leftSection={<Save size={16} />}
                  loading={save.isPending}
                  disabled={!exact}
                  data-testid="save-plan"
                >
                  Save plan
                </Button>
              </Group>
            )}
            {mayApprove && latest && (
              <Tooltip label="Save or undo the change first" disabled={!planner.changed}>
                <Button
                  leftSection={<BadgeCheck size={16} />}
                  onClick={() => setApproving(true)}
                  disabled={planner.changed}
                  data-testid="approve"
                >
                  Approve revision {latest.revision}, {number(latest.correction_deg)}°
                </Button>
              </Tooltip>
            )}
          </Stack>
        </form>
      )}
      {approving && latest && (
        <ApproveDialog caseId={detail.id} plan={latest} document={document} onClose={() => setApproving(false)} />
      )}
    </Stack>
  );
}

interface OpeningsProps {
  document: NonNullable<Planner['document']>;
  degrees: number;
  exact: boolean;
}

function Openings({ document, degrees, exact }: OpeningsProps): ReactNode {
  const gaps = exact
    ? {
        medial: document.osteotomy.gap_mm,
        anterior: document.osteotomy.gap_anterior_mm,
        posterior: document.osteotomy.gap_posterior_mm,
      }
    : gapsAt(document.osteotomy, degrees);
  return (
    <section className={classes.gaps} aria-label="Opening of the wedge" data-testid="gaps">
      <Figure label="Medial opening" value={gaps.medial} strong />
      <Figure label="Anterior" value={gaps.anterior} />
      <Figure label="Posterior" value={gaps.posterior} />
      <Figure label="Cut depth" value={document.osteotomy.cut_depth_mm} />
    </section>
  );
}

function Figure({ label, value, strong }: { label: string; value: number | null; strong?: boolean }): ReactNode {
  return (
    <div className={classes.figure} data-strong={strong || undefined}>
      <span className="figures">
        {value === null ? '–' : number(value)} <small>mm</small>
      </span>
      <span className="dim">{label}</span>
    </div>
  );
}
