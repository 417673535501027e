import { Button, Group, Progress, Table, Text } from '@mantine/core';
import { type ReactNode, useState } from 'react';

import { type RaterProgress, type Study, studyActs, useProgress, useStudyAct } from '../../api/studies';
import { ErrorNote } from '../../components/ErrorNote';
import { ago, day } from '../../domain/format';
import { ItemsDialog } from './ItemsDialog';
import { ReasonDialog } from './ReasonDialog';
import classes from './Studies.module.css';

interface Props {
  study: Study;
  mayRun: boolean;
}

type Open = { what: 'items' | 'remind' | 'withdraw'; row: RaterProgress } | null;

/** How far each rater is; nothing of what anybody answered. */
export function ProgressTab({ study, mayRun }: Props): ReactNode {
  const progress = useProgress(study);
  const [open, setOpen] = useState<Open>(null);
  const running = study.state === 'running' && mayRun;
  const rows = progress.data ?? [];
  const total = rows.reduce((sum, one) => sum + one.items, 0);
  const done = rows.reduce((sum, one) => sum + one.completed, 0);
  return (
    <div className={classes.tab}>
      {progress.isError && <ErrorNote error={progress.error} onRetry={() => void progress.refetch()} />}
      <Group gap="md">
        <Progress value={(100 * done) / Math.max(1, total)} w={240} aria-label="All raters together" />
        <Text size="sm" className="figures" data-testid="all-progress">
          {progress.isPending ? 'Counting …' : `${done} of ${total} items rated`}
        </Text>
      </Group>
      <Table className={classes.table} verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Rater</Table.Th>
            <Table.Th>Items rated</Table.Th>
            <Table.Th>Last seen</Table.Th>
            <Table.Th>Last reminded</Table.Th>
            <Table.Th aria-label="Acts" />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => {
            const gone = row.rater.withdrawn_at;
            return (
              <Table.Tr key={row.rater.id} data-testid={`progress-${row.rater.code}`}>
                <Table.Td>
                  <b>{row.rater.code}</b> {row.rater.name}
                </Table.Td>
                <Table.Td>
                  <Group gap="sm" wrap="nowrap">
                    <Progress value={(100 * row.completed) / Math.max(1, row.items)} w={120} size="sm" aria-label={`Progress of ${row.rater.code}`} />
                    <span className="figures">
                      {row.completed} of {row.items}
                    </span>
                  </Group>
                </Table.Td>
                <Table.Td>{row.last_seen_at ? ago(row.last_seen_at) : 'never'}</Table.Td>
                <Table.Td>{row.last_reminded_at ? ago(row.last_reminded_at) : '—'}</Table.Td>
                <Table.Td>
                  <Group gap={4} justify="flex-end" wrap="nowrap">
                    {gone && <span className="dim">{`withdrawn ${day(gone)}: ${row.rater.withdrawal_reason}`}</span>}
                    {running && !gone && row.completed < row.items && (
                      <Button size="compact-sm" variant="subtle" color="gray" onClick={() => setOpen({ what: 'remind', row })} data-testid={`remind-${row.rater.code}`}>
                        Remind
                      </Button>
                    )}
                    <Button size="compact-sm" variant="subtle" color="gray" onClick={() => setOpen({ what: 'items', row })} data-testid={`items-${row.rater.code}`}>
                      Items
                    </Button>
                    {running && !gone && (
                      <Button size="compact-sm" variant="subtle" color="gray" onClick={() => setOpen({ what: 'withdraw', row })} data-testid={`withdraw-${row.rater.code}`}>
                        Withdraw
                      </Button>
                    )}
                  </Group>
                </Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
      {open?.what === 'items' && <ItemsDialog study={study} rater={open.row.rater} mayRun={mayRun} onClose={() => setOpen(null)} />}
      {open?.what === 'remind' && <RemindDialog study={study} row={open.row} onClose={() => setOpen(null)} />}
      {open?.what === 'withdraw' && <WithdrawDialog study={study} row={open.row} onClose={() => setOpen(null)} />}
    </div>
  );
}

interface RowDialog {
  study: Study;
  row: RaterProgress;
  onClose: () => void;
}

function RemindDialog({ study, row, onClose }: RowDialog): ReactNode {
  const remind = useStudyAct(studyActs.remind(study.id, row.rater.id));
  return (
    <ReasonDialog title={`Remind ${row.rater.name}?`} act="Leave the reminder" optional label="Your words, or nothing for the usual ones" mutation={remind} onClose={onClose}>
      They read it with the list of their studies, until they complete an item.
    </ReasonDialog>
  );
}

function WithdrawDialog({ study, row, onClose }: RowDialog): ReactNode {
  const withdraw = useStudyAct(studyActs.withdrawRater(study.id, row.rater.id));
  return (
    <ReasonDialog title={`Withdraw ${row.rater.name}?`} act="Withdraw the rater" final mutation={withdraw} onClose={onClose}>
      {row.rater.code} can rate nothing more. What they rated stays and is told in the report. It cannot be taken back.
    </ReasonDialog>
  );
}
