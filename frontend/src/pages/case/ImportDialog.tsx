import { ActionIcon, Button, FileButton, Group, Modal, Progress, Radio, SegmentedControl, Select, Stack, Text, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { FilePlus2, Trash2 } from 'lucide-react';
import { type ReactNode, useRef, useState } from 'react';

import { importMeshes } from '../../api/boneSets';
import type { BoneFrame, CaseDetail, MeshUnits } from '../../api/types';
import { ErrorNote } from '../../components/ErrorNote';
import { BONE_LABELS, type BoneName, READING_ORDER } from '../../domain/bones';
import { bytes, number } from '../../domain/format';
import { fits, fittingUnits, MILLIMETRES, UNIT_NAMES } from '../../domain/meshFiles';
import compare from './Compare.module.css';
import { useFileDrop } from './useFileDrop';
import { type MeshFile, useMeshFiles } from './useMeshFiles';

interface Props {
  detail: CaseDetail;
  onClose: () => void;
}

/** Meshes of other software: files, their bones, units and frame; what is wrong is said before anything is sent. */
export function ImportDialog({ detail, onClose }: Props): ReactNode {
  const cache = useQueryClient();
  const { files, add, remove, name } = useMeshFiles();
  const [units, setUnits] = useState<MeshUnits | ''>('');
  const [frame, setFrame] = useState<BoneFrame>('own');
  const [alignOn, setAlignOn] = useState<BoneName | 'all'>('all');
  const [software, setSoftware] = useState('');
  const [sent, setSent] = useState<number | null>(null);
  const [error, setError] = useState<unknown>(null);
  const abort = useRef<AbortController | null>(null);
  const drop = useFileDrop(add);

  const reference = detail.bone_sets.findLast((set) => set.origin === 'xray_network') ?? detail.bone_sets.find((set) => !set.aligned_to);
  const hasRig = detail.images.ap !== null && detail.images.lateral !== null;
  const groups = files.length === 1 && files[0]?.bone === null && files[0].file.name.toLowerCase().endsWith('.obj');
  const twice = READING_ORDER.filter((bone) => files.filter((one) => one.bone === bone).length > 1);
  const measured = files.flatMap((one) => (one.size ? [{ bone: one.bone, longest: one.size.longest }] : []));
  const fitting = fittingUnits(measured);
  const named = files.every((one) => one.bone !== null) || groups;
  const ready = files.length > 0 && named && twice.length === 0 && units !== '' && files.every((one) => one.unreadable === null);
  const busy = sent !== null;

  const begin = async (): Promise<void> => {
    if (!ready) return;
    setError(null);
    setSent(0);
    abort.current = new AbortController();
    try {
      await importMeshes(
        detail.id,
        { files, units, frame, alignOn: frame === 'own' && alignOn !== 'all' ? [alignOn] : [], software: software.trim() },
        setSent,
        abort.current.signal,
      );
      onClose();
    } catch (problem) {
      if (!(problem instanceof DOMException && problem.name === 'AbortError')) setError(problem);
    } finally {
      setSent(null);
      void cache.invalidateQueries({ queryKey: ['case', detail.id] });
    }
  };

  return (
    <Modal opened onClose={busy ? () => {} : onClose} title="Import meshes of other software" size="lg" data-testid="import-dialog">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void begin();
        }}
      >
        <Stack gap="md">
          <div>
            <div className={compare.drop} data-over={drop.over || undefined} {...drop.handlers}>
              <Text size="sm">Drop one closed STL, OBJ or PLY mesh a bone, or</Text>
              <FileButton multiple onChange={add} accept=".stl,.obj,.ply">
                {(props) => (
                  <Button {...props} variant="default" size="xs" leftSection={<FilePlus2 size={14} />} disabled={busy} data-testid="choose-meshes">
                    Choose files
                  </Button>
                )}
              </FileButton>
            </div>
            <div role="list" aria-label="Meshes">
              {files.map((one) => (
                <Row key={one.key} one={one} units={units} twice={one.bone !== null && twice.includes(one.bone)} groups={groups} onBone={name} onRemove={remove} />
              ))}
            </div>
          </div>
          <div>
            <Text size="sm" fw={500} mb={4} id="units-label">
              Unit of the numbers in the files
            </Text>
            <SegmentedControl
              aria-labelledby="units-label"
              size="xs"
              value={units}
              onChange={(value) => setUnits(value as MeshUnits)}
              data={(Object.keys(MILLIMETRES) as MeshUnits[]).map((unit) => ({ value: unit, label: UNIT_NAMES[unit] }))}
              data-testid="units"
            />
            {units !== '' && fitting.length > 0 && !fitting.includes(units) && (
              <Text size="xs" c="var(--look)" mt={4} role="alert" data-testid="units-complaint">
                In {UNIT_NAMES[units]} these would not have the size of human bones; {fitting.map((unit) => UNIT_NAMES[unit]).join(' or ')} fits.
              </Text>
            )}
          </div>
          <Radio.Group label="Frame" value={frame} onChange={(value) => setFrame(value as BoneFrame)} data-testid="frame">
            <Stack gap={6} mt={4}>
              <Radio
                size="xs"
                value="own"
                label={reference ? `One of their own: they are aligned onto bones ${reference.number}` : 'One of their own: they stay in it'}
              />
              <Radio size="xs" value="rig" disabled={!hasRig} label="That of the X-rays of this case already" />
            </Stack>
          </Radio.Group>
          <Group grow align="flex-start">
            {reference && frame === 'own' && (
              <Select
                size="xs"
                label="Align on"
                allowDeselect={false}
                data={[
                  { value: 'all', label: 'All bones in common' },
                  ...READING_ORDER.filter((bone) => bone in reference.bones).map((bone) => ({ value: bone, label: `${BONE_LABELS[bone]} only` })),
                ]}
                value={alignOn}
                onChange={(value) => value && setAlignOn(value as BoneName | 'all')}
                data-testid="align-on"
              />
            )}
            <TextInput
              size="xs"
              label="Made with"
              placeholder="Software and version"
              maxLength={80}
              value={software}
              onChange={(event) => setSoftware(event.currentTarget.value)}
              data-testid="software"
            />
          </Group>
          {error !== null && <ErrorNote error={error} onClose={() => setError(null)} />}
          {busy && (
            <div data-testid="import-sending">
              <Text size="xs" c="dimmed" mb={4}>
                {sent < 1 ? `Uploading, ${Math.floor(sent * 100)} %` : 'Checking the meshes …'}
              </Text>
              <Progress value={Math.max(2, sent * 100)} animated={sent >= 1} aria-label="Upload of the meshes" />
            </div>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={() => (busy ? abort.current?.abort() : onClose())}>
              {busy ? 'Stop' : 'Cancel'}
            </Button>
            <Button type="submit" loading={busy} disabled={!ready} data-testid="import-begin">
              Import
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

interface RowProps {
  one: MeshFile;
  units: MeshUnits | '';
  twice: boolean;
  groups: boolean;
  onBone: (key: number, bone: BoneName | null) => void;
  onRemove: (key: number) => void;
}

function Row({ one, units, twice, groups, onBone, onRemove }: RowProps): ReactNode {
  const { file, bone, size } = one;
  const wrong = complaints(one, units, twice, groups);
  return (
    <div className={compare.meshRow} role="listitem" data-testid="mesh-row">
      <span className={compare.meshName} title={file.name}>
        <span>
          {file.name} <span className="dim">{bytes(file.size)}</span>
        </span>
        <span className={`${compare.meshSays} figures ${wrong ? '' : 'dim'}`} data-wrong={wrong !== null || undefined} role={wrong ? 'alert' : undefined}>
          {wrong ?? (size ? said(size, units) : 'Reading …')}
        </span>
      </span>
      <Select
        size="xs"
        aria-label={`Bone in ${file.name}`}
        placeholder={groups ? 'Its groups' : 'Which bone?'}
        clearable
        data={READING_ORDER.map((value) => ({ value, label: BONE_LABELS[value] }))}
        value={bone}
        onChange={(value) => onBone(one.key, value as BoneName | null)}
      />
      <ActionIcon variant="subtle" color="gray" size="sm" aria-label={`Remove ${file.name}`} onClick={() => onRemove(one.key)}>
        <Trash2 size={14} />
      </ActionIcon>
    </div>
  );
}

function said(size: NonNullable<MeshFile['size']>, units: MeshUnits | ''): string {
  const length = units === '' ? `${number(size.longest, size.longest < 10 ? 3 : 1)} long, unit not yet said` : `${number(size.longest * MILLIMETRES[units], 0)} mm long`;
  return `${length}, ${size.triangles.toLocaleString()} triangles${size.openEdges === 0 ? ', closed' : ''}`;
}

/** The first thing that is wrong with a file, or null. */
function complaints({ bone, size, unreadable }: MeshFile, units: MeshUnits | '', twice: boolean, groups: boolean): string | null {
  if (unreadable !== null) return unreadable;
  if (bone === null && !groups) return 'Say which bone it is';
  if (twice) return 'Another file holds the same bone';
  if (!size) return null;
  if (size.openEdges) return `Not closed: ${size.openEdges} open edges. Close it in the software that made it, or the server refuses it`;
  if (bone !== null && units !== '' && !fits(bone, size.longest, units)) {
    const length = size.longest * MILLIMETRES[units];
    return `${number(length, length < 10 ? 2 : 0)} mm long, which no ${bone} is`;
  }
  return null;
}
