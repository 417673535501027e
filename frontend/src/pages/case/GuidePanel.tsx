import { Button, Group, NumberInput, Select, Stack, Text, Tooltip } from '@mantine/core';
import { Info, PackageOpen, PenTool } from 'lucide-react';
import { type ReactNode, useState } from 'react';

import { useDesign, usePresets } from '../../api/queries';
import type { CaseDetail, Guide, GuideParameter } from '../../api/types';
import { ErrorNote } from '../../components/ErrorNote';
import { clock, unit } from '../../domain/format';
import type { Point } from '../../domain/plan';
import classes from './Case.module.css';
import { Checks } from './Checks';
import type { Planner } from './usePlanner';

interface Props {
  detail: CaseDetail;
  planner: Planner;
  guide: Guide | null;
  onGuide: (id: string) => void;
  onLook: (place: Point) => void;
}

/** Parameters, design, checks and files of the guide. */
export function GuidePanel({ detail, planner, guide, onGuide, onLook }: Props): ReactNode {
  const mayDesign = detail.allowed.includes('design');
  const approved = planner.approved;
  const outdated = guide !== null && approved !== null && guide.plan !== approved.id;
  return (
    <Stack gap="md" data-testid="guide-panel">
      {guide && (
        <section>
          <Group justify="space-between" wrap="nowrap" mb={6}>
            <h3 className={classes.heading}>Guide {guide.version}</h3>
            {detail.guides.length > 1 && (
              <Select
                size="xs"
                w={170}
                aria-label="Which guide is shown"
                allowDeselect={false}
                data={detail.guides
                  .toSorted((a, b) => b.version - a.version)
                  .map((one) => ({ value: one.id, label: `Guide ${one.version}, ${clock(one.created_at)}` }))}
                value={guide.id}
                onChange={(value) => value && onGuide(value)}
              />
            )}
          </Group>
          {outdated && <p className={classes.warning}>Made from an older plan than the one that is approved now.</p>}
          <Files guide={guide} />
          <Checks checks={guide.checks} onLook={onLook} />
        </section>
      )}
      {mayDesign && approved && <Parameters caseId={detail.id} plan={approved.id} guide={guide} busy={detail.active_job !== null} />}
      {!guide && !(mayDesign && approved) && (
        <Text size="sm" c="dimmed">
          {absence(detail, approved !== null)}
        </Text>
      )}
    </Stack>
  );
}

function absence(detail: CaseDetail, approved: boolean): string {
  if (detail.active_job?.kind === 'design_guide') return 'The guide appears here as soon as it is designed and checked.';
  return approved ? 'Nobody has designed a guide yet.' : 'A guide is designed from an approved plan; this one is not approved yet.';
}

function Files({ guide }: { guide: Guide }): ReactNode {
  if (!guide.exportable) {
    return (
      <Text size="sm" mb="sm" c="var(--stop)" data-testid="not-exportable">
        A check blocks this guide: it cannot be printed. Change a parameter or the plan and design it again.
      </Text>
    );
  }
  return (
    <Stack gap="xs" mb="md">
      <Button component="a" href={guide.files.package} download leftSection={<PackageOpen size={16} />} data-testid="download-package">
        Download the print package
      </Button>
      <Group gap="xs" grow>
        <Button component="a" href={guide.files.stl} download variant="default" size="xs" data-testid="download-stl">
          STL
        </Button>
        <Button component="a" href={guide.files['3mf']} download variant="default" size="xs" data-testid="download-3mf">
          3MF
        </Button>
        <Button component="a" href={guide.files.report} download variant="default" size="xs" data-testid="download-report">
          Report
        </Button>
      </Group>
    </Stack>
  );
}

interface ParametersProps {
  caseId: string;
  plan: string;
  guide: Guide | null;
  busy: boolean;
}

function Parameters({ caseId, plan, guide, busy }: ParametersProps): ReactNode {
  const presets = usePresets(true);
  const design = useDesign(caseId);
  const [changes, setChanges] = useState<Record<string, number>>({});
  const changed = Object.keys(changes).length > 0;
  return (
    <section aria-label="Design parameters">
      <Group justify="space-between" mb={6}>
        <h3 className={classes.heading}>{guide ? 'Design another' : 'Design'}</h3>
        {changed && (
          <Button variant="subtle" color="gray" size="compact-xs" onClick={() => setChanges({})}>
            Back to the preset
          </Button>
        )}
      </Group>
      {presets.isError && <ErrorNote error={presets.error} onRetry={() => void presets.refetch()} />}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          design.mutate({ plan, parameters: changes });
        }}
      >
        <div className={classes.parameters}>
          {(presets.data ?? []).map((parameter) => (
            <Parameter
              key={parameter.name}
              parameter={parameter}
              value={changes[parameter.name] ?? parameter.default}
              onChange={(value) =>
                setChanges((now) => {
                  const next = { ...now, [parameter.name]: value };
                  if (value === parameter.default) delete next[parameter.name];
                  return next;
                })
              }
            />
          ))}
        </div>
        {design.isError && <ErrorNote error={design.error} onClose={design.reset} />}
        <div className={classes.acts}>
          <Button
            type="submit"
            fullWidth
            variant={guide ? 'default' : 'filled'}
            leftSection={<PenTool size={16} />}
            loading={design.isPending}
            disabled={busy || presets.isPending}
            data-testid="design"
          >
            {guide ? 'Design again' : 'Design the guide'}
          </Button>
        </div>
      </form>
    </section>
  );
}

interface ParameterProps {
  parameter: GuideParameter;
  value: number;
  onChange: (value: number) => void;
}

function Parameter({ parameter, value, onChange }: ParameterProps): ReactNode {
  const span = parameter.max - parameter.min;
  const id = `parameter-${parameter.name}`;
  return (
    <div className={classes.parameter} data-changed={value !== parameter.default || undefined}>
      <label htmlFor={id}>{parameter.label}</label>
      <Tooltip label={`${parameter.definition} (${parameter.min} to ${parameter.max} ${unit(parameter.unit)})`} multiline w={260} openDelay={0}>
        <span className={classes.info} tabIndex={0} role="note" aria-label={parameter.definition}>
          <Info size={14} />
        </span>
      </Tooltip>
      <NumberInput
        id={id}
        size="xs"
        w={96}
        suffix={` ${unit(parameter.unit)}`}
        min={parameter.min}
        max={parameter.max}
        step={span > 20 ? 1 : span > 4 ? 0.5 : 0.05}
        decimalScale={2}
        clampBehavior="blur"
        value={value}
        onChange={(next) => typeof next === 'number' && onChange(next)}
      />
    </div>
  );
}
