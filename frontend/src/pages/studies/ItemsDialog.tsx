import { Button, Group, Modal, Table, Text } from '@mantine/core';
import { type ReactNode, useState } from 'react';

import { type RaterItem, type ShownItem, type Study, studyActs, useRaterItems, useStudyAct } from '../../api/studies';
import { ErrorNote } from '../../components/ErrorNote';
import { clock } from '../../domain/format';
import { ReasonDialog } from './ReasonDialog';
import { SignedDialog } from './SignedDialog';
import classes from './Studies.module.css';

interface Props {
  study: Study;
  rater: Study['raters'][number];
  mayRun: boolean;
  onClose: () => void;
}

type Open = { what: 'withdraw' | 'unblind'; item: RaterItem } | null;

/** The items of a rater by the codes that people see: how far each is, and nothing of what it shows. */
export function ItemsDialog({ study, rater, mayRun, onClose }: Props): ReactNode {
  const items = useRaterItems(study.id, rater.id);
  const [open, setOpen] = useState<Open>(null);
  const [told, setTold] = useState<(ShownItem & { code: string }) | null>(null);
  const running = study.state === 'running';
  return (
    <Modal opened onClose={onClose} title={`Items of ${rater.code}, ${rater.name}`} size="xl" data-testid="items-dialog">
      {items.isError && <ErrorNote error={items.error} onRetry={() => void items.refetch()} />}
      {told && (
        <Text size="sm" mb="sm" role="status" data-testid="told">
          Item <b>{told.code}</b> shows case <b className="figures">{told.case_number}</b>, the <b>{told.arm === 'ct' ? 'CT-based' : 'X-ray-based'}</b> version.
          It is left out of the analysis.
        </Text>
      )}
      <Table className={classes.table} verticalSpacing={4}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Place</Table.Th>
            <Table.Th>Code</Table.Th>
            <Table.Th>State</Table.Th>
            <Table.Th aria-label="Acts" />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {items.data?.map((item) => (
            <Table.Tr key={item.code} data-testid={`item-${item.position + 1}`}>
              <Table.Td className="figures">{item.position + 1}</Table.Td>
              <Table.Td>{item.code}</Table.Td>
              <Table.Td>{words(item)}</Table.Td>
              <Table.Td>
                <Group gap={4} justify="flex-end" wrap="nowrap">
                  {mayRun && running && item.withdrawn_at === null && (
                    <Button size="compact-xs" variant="subtle" color="gray" onClick={() => setOpen({ what: 'withdraw', item })} data-testid={`withdraw-item-${item.position + 1}`}>
                      Withdraw
                    </Button>
                  )}
                  {(running || study.state === 'locked') && (
                    <Button size="compact-xs" variant="subtle" color="gray" onClick={() => setOpen({ what: 'unblind', item })} data-testid={`unblind-item-${item.position + 1}`}>
                      Emergency …
                    </Button>
                  )}
                </Group>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {open?.what === 'withdraw' && <WithdrawItem study={study} rater={rater.id} code={open.item.code} onClose={() => setOpen(null)} />}
      {open?.what === 'unblind' && (
        <UnblindItem
          study={study}
          rater={rater.id}
          code={open.item.code}
          onClose={() => setOpen(null)}
          onTold={(shown) => {
            setOpen(null);
            setTold({ ...shown, code: open.item.code });
          }}
        />
      )}
    </Modal>
  );
}

function words(item: RaterItem): string {
  const parts = [
    item.training && 'training',
    item.completed_at ? `rated ${clock(item.completed_at)}` : item.opened_at ? `opened ${clock(item.opened_at)}` : 'to come',
    item.withdrawn_at && `withdrawn: ${item.withdrawal_reason}`,
    item.unblinded_at && `unblinded ${clock(item.unblinded_at)}`,
  ];
  return parts.filter(Boolean).join(' · ');
}

interface ItemDialog {
  study: Study;
  rater: string;
  code: string;
  onClose: () => void;
}

function WithdrawItem({ study, rater, code, onClose }: ItemDialog): ReactNode {
  const withdraw = useStudyAct(studyActs.withdrawItem(study.id, rater, code));
  return (
    <ReasonDialog title={`Withdraw item ${code}?`} act="Withdraw the item" final mutation={withdraw} onClose={onClose}>
      It leaves the list of this rater. What was rated stays on record and is not analysed. It cannot be taken back.
    </ReasonDialog>
  );
}

function UnblindItem({ study, rater, code, onClose, onTold }: ItemDialog & { onTold: (shown: ShownItem) => void }): ReactNode {
  const unblind = useStudyAct(studyActs.unblindItem(study.id, rater, code));
  return (
    <SignedDialog
      title={`Emergency: unblind item ${code}?`}
      act="Unblind this item"
      final
      reason="needed"
      reasonLabel="What happened"
      mutation={unblind}
      onDone={onTold}
      onClose={onClose}
    >
      You alone are told what this one item shows. It is written into the audit trail with your name and reason, and the
      item is left out of the analysis for good.
    </SignedDialog>
  );
}
