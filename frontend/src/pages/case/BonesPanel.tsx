import { Button, Group, Radio, Stack, Text } from '@mantine/core';
import { Boxes, ScanLine } from 'lucide-react';
import { type ReactNode, useState } from 'react';

import { useChooseBones } from '../../api/boneSets';
import type { BoneSet, CaseDetail } from '../../api/types';
import { ConfirmDialog } from '../../components/ConfirmDialog';
import { ErrorNote } from '../../components/ErrorNote';
import { frameWords, seenWords, setLabel, uncertaintyWords } from '../../domain/boneSets';
import { clock, number } from '../../domain/format';
import compare from './Compare.module.css';
import { ComparePanel, type Comparing } from './ComparePanel';
import { CtDialog } from './CtDialog';
import { CtScans } from './CtScans';
import { ImportDialog } from './ImportDialog';

interface Props {
  detail: CaseDetail;
  shown: BoneSet | undefined;
  onShow: (id: string) => void;
  comparing: Comparing;
}

/** The bone sets of the case: where each comes from, which one is planned on, how far two are apart. */
export function BonesPanel({ detail, shown, onShow, comparing }: Props): ReactNode {
  const [adding, setAdding] = useState<'ct' | 'meshes' | null>(null);
  const sets = detail.bone_sets.toSorted((a, b) => a.number - b.number);
  return (
    <Stack gap="lg" data-testid="bones-panel">
      <section aria-label="Bone sets">
        {sets.length === 0 ? (
          <Text size="sm" c="dimmed" data-testid="no-bones">
            No bones yet. They come from the two X-rays of the case, from a CT, or from meshes of other software.
          </Text>
        ) : (
          <Radio.Group aria-label="Which bones are shown" value={shown?.id ?? ''} onChange={onShow}>
            <ul className={compare.sets}>
              {sets.map((set) => (
                <Entry key={set.id} detail={detail} set={set} shown={set.id === shown?.id} />
              ))}
            </ul>
          </Radio.Group>
        )}
      </section>
      <section aria-label="More bones">
        <Group gap="xs" grow>
          <Button
            variant="default"
            size="xs"
            leftSection={<ScanLine size={14} />}
            disabled={!detail.allowed.includes('upload_ct')}
            onClick={() => setAdding('ct')}
            data-testid="add-ct"
          >
            From a CT …
          </Button>
          <Button
            variant="default"
            size="xs"
            leftSection={<Boxes size={14} />}
            disabled={!detail.allowed.includes('add_bones')}
            onClick={() => setAdding('meshes')}
            data-testid="add-meshes"
          >
            Import meshes …
          </Button>
        </Group>
        {detail.active_job && (
          <Text size="xs" c="dimmed" mt={6}>
            Bones can be added when the present task has ended.
          </Text>
        )}
      </section>
      <CtScans detail={detail} />
      {sets.length > 1 && shown && <ComparePanel detail={detail} shown={shown} comparing={comparing} />}
      {adding === 'ct' && <CtDialog caseId={detail.id} onClose={() => setAdding(null)} />}
      {adding === 'meshes' && <ImportDialog detail={detail} onClose={() => setAdding(null)} />}
    </Stack>
  );
}

function Entry({ detail, set, shown }: { detail: CaseDetail; set: BoneSet; shown: boolean }): ReactNode {
  const choose = useChooseBones(detail.id);
  const [asking, setAsking] = useState(false);
  const planned = set.id === detail.current_bone_set;
  const { alignment } = set;
  return (
    <li className={compare.set} data-shown={shown || undefined} data-testid={`bone-set-${set.number}`}>
      <div className={compare.setHead}>
        <Radio size="xs" value={set.id} label={<b>{setLabel(set)}</b>} data-testid={`show-${set.number}`} />
        {planned && (
          <span className={compare.planned} data-testid="planned-on">
            Planned on
          </span>
        )}
      </div>
      {!shown && (
        <p className={`${compare.setLine} figures`}>
          {set.model}
          {alignment && `, ${number(alignment.mean_mm, 2)} mm remain after alignment`}
        </p>
      )}
      {shown && <Facts detail={detail} set={set} />}
      {set.report.warnings.map((warning) => (
        <p key={warning} className={compare.note}>
          {warning}
        </p>
      ))}
      {!planned && detail.allowed.includes('choose_bones') && 'tibia' in set.bones && (
        <div className={compare.setActs}>
          <Button
            size="compact-xs"
            variant="default"
            loading={choose.isPending}
            onClick={() => setAsking(true)}
            data-testid={`choose-${set.number}`}
          >
            Plan on these
          </Button>
        </div>
      )}
      {choose.isError && <ErrorNote error={choose.error} onClose={choose.reset} />}
      <ConfirmDialog
        opened={asking}
        title={`Plan on bones ${set.number} from now on?`}
        act="Plan on these"
        onClose={() => setAsking(false)}
        onConfirm={() => {
          setAsking(false);
          choose.mutate(set.id);
        }}
      >
        Plans on other bones stay as they are and stay with their bones; a plan on bones {set.number} is a new one. You can
        change back at any time.
      </ConfirmDialog>
    </li>
  );
}

/** Who made a set and with what, in whose coordinates it lies, what its source saw. */
function Facts({ detail, set }: { detail: CaseDetail; set: BoneSet }): ReactNode {
  const { alignment } = set;
  const uncertainty = uncertaintyWords(set.report);
  return (
    <dl className={compare.setFacts}>
      <dt>Made by</dt>
      <dd>
        {set.model}
        {set.author && `, ${set.author}`}, {clock(set.created_at)}
      </dd>
      <dt>Frame</dt>
      <dd>
        {frameWords(set, detail.bone_sets)}
        {alignment && (
          <span className="figures" data-testid="residual">
            ; {number(alignment.mean_mm, 2)} mm remain (
            {Object.entries(alignment.residual_mm)
              .map(([bone, left]) => `${bone} ${number(left, 2)}`)
              .join(', ')}
            )
          </span>
        )}
      </dd>
      <dt>Seen</dt>
      <dd className="figures">{seenWords(set.report.field_of_view)}</dd>
      {uncertainty && (
        <>
          <dt>Error</dt>
          <dd className="figures" data-testid="expected-error">
            {uncertainty}
          </dd>
        </>
      )}
    </dl>
  );
}
