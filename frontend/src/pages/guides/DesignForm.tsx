import { Button, Group, Select, Text, TextInput } from '@mantine/core';
import { BookmarkPlus, PenTool } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { useLocation } from 'wouter';

import { type Offered, useDesignGuide } from '../../api/guides';
import type { Guide } from '../../api/types';
import { ErrorNote } from '../../components/ErrorNote';
import { ParameterField } from '../../components/ParameterField';
import { paintingWords, type Stroke } from '../../domain/painting';
import {
  baseValues,
  type ChosenPresets,
  GROUP_LABELS,
  PRESET_GROUPS,
  presetIds,
  presetsOf,
  realChanges,
  sterilisationConflict,
} from '../../domain/guides';
import caseClasses from '../case/Case.module.css';
import classes from './Guides.module.css';
import { PresetDialog } from './PresetDialog';

interface Props {
  caseId: string;
  plan: string;
  /** The design on the screen: its choices are where the next one begins. */
  guide: Guide | null;
  offered: Offered;
  /** Contact area painted for the next design. */
  painting: Stroke[];
  busy: boolean;
  mayAddPresets: boolean;
}

/** Presets, parameters over them, and the reason for another design. */
export function DesignForm({ caseId, plan, guide, offered, painting, busy, mayAddPresets }: Props): ReactNode {
  const { parameters, presets } = offered;
  const design = useDesignGuide(caseId);
  const [, navigate] = useLocation();
  const [chosen, setChosen] = useState<ChosenPresets>(() => (guide ? presetsOf(guide, presets) : {}));
  const [changed, setChanged] = useState<Record<string, number>>(() => ({ ...guide?.parameters }));
  const [reason, setReason] = useState('');
  const [presetsOpen, setPresetsOpen] = useState(false);
  const base = baseValues(parameters, presets, chosen);
  const changes = realChanges(changed, base);
  const conflict = sterilisationConflict(presets, chosen);
  return (
    <form
      style={{ display: 'contents' }}
      aria-label="Design parameters"
      onSubmit={(event) => {
        event.preventDefault();
        design.mutate(
          { plan, parameters: changes, presets: presetIds(chosen), painting, reason },
          {
            onSuccess: () => {
              setReason('');
              // The newest design, which the one that was asked for will be.
              navigate(`/guides/cases/${caseId}`);
            },
          },
        );
      }}
    >
      <section className={classes.section}>
        <Group justify="space-between" mb={6}>
          <h2 className={caseClasses.heading}>Presets</h2>
          {mayAddPresets && (
            <Button variant="subtle" color="gray" size="compact-xs" leftSection={<BookmarkPlus size={14} />} onClick={() => setPresetsOpen(true)} data-testid="presets-open">
              Of this site
            </Button>
          )}
        </Group>
        <div className={classes.presets}>
          {PRESET_GROUPS.map((group) => (
            <GroupSelect
              key={group}
              label={GROUP_LABELS[group]}
              options={presets.filter((preset) => preset.group === group).map(({ id, label }) => ({ value: id, label }))}
              value={chosen[group] ?? null}
              onChange={(id) => setChosen((now) => ({ ...now, [group]: id }))}
            />
          ))}
        </div>
        {conflict && <p className={caseClasses.warning}>{conflict}</p>}
      </section>
      <section className={classes.section}>
        <Group justify="space-between" mb={6}>
          <h2 className={caseClasses.heading}>Parameters</h2>
          {Object.keys(changes).length > 0 && (
            <Button variant="subtle" color="gray" size="compact-xs" onClick={() => setChanged({})} data-testid="unchange">
              Undo {Object.keys(changes).length === 1 ? 'the change' : 'all changes'}
            </Button>
          )}
        </Group>
        {parameters.map((parameter) => (
          <ParameterField
            key={parameter.name}
            parameter={parameter}
            base={base[parameter.name] ?? parameter.default}
            value={changes[parameter.name] ?? base[parameter.name] ?? parameter.default}
            onChange={(value) => setChanged((now) => ({ ...now, [parameter.name]: value }))}
          />
        ))}
      </section>
      <div className={classes.acts}>
        {design.isError && <ErrorNote error={design.error} onClose={design.reset} />}
        {painting.length > 0 && (
          <Text size="xs" c="dimmed" mb={8}>
            {paintingWords(painting)}.
          </Text>
        )}
        {guide && (
          <TextInput
            size="xs"
            mb={8}
            aria-label="Why it is designed again"
            placeholder="Why it is designed again"
            maxLength={300}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
            data-testid="design-reason"
          />
        )}
        <Button
          type="submit"
          fullWidth
          variant={guide ? 'default' : 'filled'}
          leftSection={<PenTool size={16} />}
          loading={design.isPending}
          disabled={busy}
          data-testid="design"
        >
          {guide ? 'Design again' : 'Design the guide'}
        </Button>
        {busy && (
          <Text size="xs" c="dimmed" mt={6}>
            One task of a case at a time.
          </Text>
        )}
      </div>
      {presetsOpen && <PresetDialog offered={offered} changes={changes} onClose={() => setPresetsOpen(false)} />}
    </form>
  );
}

interface GroupSelectProps {
  label: string;
  options: { value: string; label: string }[];
  value: string | null;
  onChange: (id: string | null) => void;
}

function GroupSelect({ label, options, value, onChange }: GroupSelectProps): ReactNode {
  return (
    <>
      <span aria-hidden>{label}</span>
      <Select
        size="xs"
        aria-label={label}
        placeholder="None"
        clearable
        data={options}
        value={value}
        onChange={onChange}
        clearButtonProps={{ 'aria-label': `No preset for ${label}` }}
      />
    </>
  );
}
