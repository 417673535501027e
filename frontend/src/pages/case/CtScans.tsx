import { ActionIcon, Button, Group, Text, Tooltip } from '@mantine/core';
import { Trash2 } from 'lucide-react';
import { type ReactNode, useState } from 'react';

import { useDeleteCt, useReconstructCt } from '../../api/boneSets';
import type { CaseDetail, CtScan } from '../../api/types';
import { ConfirmDialog } from '../../components/ConfirmDialog';
import { ErrorNote } from '../../components/ErrorNote';
import { clock, number } from '../../domain/format';
import classes from './Case.module.css';
import compare from './Compare.module.css';

/** The CTs of the case, from which bones can be made. */
export function CtScans({ detail }: { detail: CaseDetail }): ReactNode {
  if (detail.ct_scans.length === 0) return null;
  return (
    <section aria-label="CTs">
      <h3 className={classes.heading}>CT</h3>
      <ul className={compare.sets}>
        {detail.ct_scans.map((scan) => (
          <Entry key={scan.id} detail={detail} scan={scan} />
        ))}
      </ul>
    </section>
  );
}

function Entry({ detail, scan }: { detail: CaseDetail; scan: CtScan }): ReactNode {
  const reconstruct = useReconstructCt(detail.id);
  const remove = useDeleteCt(detail.id);
  const [removing, setRemoving] = useState(false);
  return (
    <li className={compare.set} data-testid="ct-scan">
      <div className={compare.setHead}>
        <span className="figures">
          {scan.voxels.join(' × ')} voxels of {scan.spacing_mm.map((step) => number(step, 2)).join(' × ')} mm
        </span>
        {detail.allowed.includes('upload_ct') && (
          <Tooltip label="Remove the CT">
            <ActionIcon variant="subtle" color="gray" size="sm" aria-label="Remove the CT" onClick={() => setRemoving(true)}>
              <Trash2 size={14} />
            </ActionIcon>
          </Tooltip>
        )}
      </div>
      <Text size="xs" c="dimmed">
        {scan.uploaded_by}, {clock(scan.created_at)}
      </Text>
      {scan.warnings.map((warning) => (
        <Text key={warning} size="xs" c="dimmed">
          {warning}
        </Text>
      ))}
      <Group mt={6}>
        <Button
          size="compact-xs"
          variant="default"
          loading={reconstruct.isPending}
          disabled={!detail.allowed.includes('add_bones')}
          onClick={() => reconstruct.mutate(scan.id)}
          data-testid="reconstruct-ct"
        >
          Make bones from it
        </Button>
      </Group>
      {(reconstruct.isError || remove.isError) && (
        <ErrorNote
          error={reconstruct.error ?? remove.error}
          onClose={() => {
            reconstruct.reset();
            remove.reset();
          }}
        />
      )}
      <ConfirmDialog
        opened={removing}
        title="Remove the CT?"
        act="Remove it"
        final
        busy={remove.isPending}
        onClose={() => setRemoving(false)}
        onConfirm={() => remove.mutate(scan.id, { onSettled: () => setRemoving(false) })}
      >
        The CT is deleted from this case. To have it back you would upload it again.
      </ConfirmDialog>
    </li>
  );
}
