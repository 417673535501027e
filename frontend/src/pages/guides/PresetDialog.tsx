import { ActionIcon, Button, Group, Modal, Select, Stack, Text, TextInput, Tooltip } from '@mantine/core';
import { Trash2 } from 'lucide-react';
import { type ReactNode, useState } from 'react';

import { type Offered, useAddPreset, useWithdrawPreset } from '../../api/guides';
import { ErrorNote } from '../../components/ErrorNote';
import { quantity } from '../../domain/format';
import { GROUP_LABELS, PRESET_GROUPS, type PresetGroup } from '../../domain/guides';

interface Props {
  offered: Offered;
  /** What was changed by hand: the content of the preset. */
  changes: Record<string, number>;
  onClose: () => void;
}

/** Keep what was changed as a preset of the site, and withdraw those that are out of use. */
export function PresetDialog({ offered, changes, onClose }: Props): ReactNode {
  const [group, setGroup] = useState<PresetGroup>('saw_blade');
  const [label, setLabel] = useState('');
  const [source, setSource] = useState('');
  const add = useAddPreset();
  const withdraw = useWithdrawPreset();
  const changed = offered.parameters.filter(({ name }) => name in changes);
  const own = offered.presets.filter((preset) => preset.site !== null);
  return (
    <Modal opened onClose={onClose} title="Presets of this site" size="md" data-testid="preset-dialog">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          // The dialog is opened from within the form of the design, which must not take this for its own.
          event.stopPropagation();
          add.mutate({ group, label, source, parameters: changes }, { onSuccess: onClose });
        }}
      >
        <Stack gap="sm">
          {changed.length > 0 ? (
            <>
              <Text size="sm">
                Keep {changed.map((one) => `${one.label.toLowerCase()} ${quantity(changes[one.name] ?? 0, one.unit, 2)}`).join(', ')} as a preset
                that everybody at your site can choose.
              </Text>
              <Select
                label="What it speaks of"
                data={PRESET_GROUPS.map((value) => ({ value, label: GROUP_LABELS[value] }))}
                value={group}
                allowDeselect={false}
                onChange={(value) => value && setGroup(value as PresetGroup)}
              />
              <TextInput label="Name" required maxLength={80} value={label} onChange={(event) => setLabel(event.currentTarget.value)} data-testid="preset-name" />
              <TextInput
                label="Where the numbers come from"
                required
                maxLength={300}
                placeholder="Measured on ten test prints"
                value={source}
                onChange={(event) => setSource(event.currentTarget.value)}
                data-testid="preset-source"
              />
              {add.isError && <ErrorNote error={add.error} />}
              <Group justify="flex-end">
                <Button type="submit" loading={add.isPending} disabled={!label.trim() || !source.trim()} data-testid="preset-save">
                  Add the preset
                </Button>
              </Group>
            </>
          ) : (
            <Text size="sm" c="dimmed">
              Change a parameter first: what you change can be kept here as a preset of your site.
            </Text>
          )}
          {withdraw.isError && <ErrorNote error={withdraw.error} onClose={withdraw.reset} />}
          {own.map((preset) => (
            <Group key={preset.id} justify="space-between" wrap="nowrap">
              <div>
                <Text size="sm">{preset.label}</Text>
                <Text size="xs" c="dimmed">
                  {GROUP_LABELS[preset.group]} · {preset.source} · {preset.author}
                </Text>
              </div>
              <Tooltip label="Offer it no more">
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  aria-label={`Withdraw ${preset.label}`}
                  loading={withdraw.isPending && withdraw.variables === preset.id}
                  onClick={() => withdraw.mutate(preset.id)}
                >
                  <Trash2 size={16} />
                </ActionIcon>
              </Tooltip>
            </Group>
          ))}
        </Stack>
      </form>
    </Modal>
  );
}
