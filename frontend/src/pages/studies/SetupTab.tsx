import { Button, NumberInput, Table, Text } from '@mantine/core';
import { Plus, X } from 'lucide-react';
import { type ReactNode, useState } from 'react';

import { type Study, studyActs, useStudyAct } from '../../api/studies';
import { ErrorNote } from '../../components/ErrorNote';
import { day, SIDES } from '../../domain/format';
import { AddCasesDialog, AddRatersDialog } from './AddDialogs';
import { ReasonDialog } from './ReasonDialog';
import { SetupQuestions } from './SetupQuestions';
import classes from './Studies.module.css';

interface Props {
  study: Study;
  mayRun: boolean;
}

/** What the study is made of; a draft can be changed, a running study only be added to. */
export function SetupTab({ study, mayRun }: Props): ReactNode {
  return (
    <div className={classes.tab}>
      <Rules study={study} mayRun={mayRun} />
      <Cases study={study} mayRun={mayRun} />
      <Raters study={study} mayRun={mayRun} />
      <SetupQuestions study={study} mayRun={mayRun && study.state === 'draft'} />
    </div>
  );
}

function Rules({ study, mayRun }: Props): ReactNode {
  const set = useStudyAct(studyActs.setDistance(study.id));
  const draft = study.state === 'draft' && mayRun;
  return (
    <section>
      <h2>Rules</h2>
      {draft ? (
        <NumberInput
          w={240}
          size="xs"
          label="Distance of two versions, items"
          min={1}
          max={1000}
          allowDecimal={false}
          defaultValue={study.distance}
          onBlur={(event) => {
            const value = Number(event.currentTarget.value);
            if (value >= 1 && value !== study.distance) set.mutate(value);
          }}
          data-testid="study-distance"
        />
      ) : (
        <Text size="sm">
          The two versions of a case are at least <b className="figures">{study.distance}</b> items apart in every list.
        </Text>
      )}
      <Text size="sm" mt={6}>
        {study.may_go_back ? 'Raters may go back and change an answer until the lock.' : 'Nobody can return to a finished item.'}
      </Text>
      {set.isError && <ErrorNote error={set.error} />}
    </section>
  );
}

function Cases({ study, mayRun }: Props): ReactNode {
  const [adding, setAdding] = useState(false);
  const [leaving, setLeaving] = useState<Study['cases'][number] | null>(null);
  const remove = useStudyAct(studyActs.removeCase(study.id));
  const withdraw = useStudyAct(studyActs.withdrawCase(study.id, leaving?.id ?? ''));
  const draft = study.state === 'draft';
  const running = study.state === 'running';
  return (
    <section>
      <div className={classes.sectionHead}>
        <h2>
          Cases <span className="dim figures">{study.cases.length}</span>
        </h2>
        {mayRun && (draft || running) && (
          <Button size="compact-sm" variant="default" leftSection={<Plus size={15} />} onClick={() => setAdding(true)} data-testid="add-cases">
            Add cases
          </Button>
        )}
      </div>
      {remove.isError && <ErrorNote error={remove.error} onClose={remove.reset} />}
      {study.cases.length > 0 && (
        <Table className={classes.table} verticalSpacing={4}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Number</Table.Th>
              <Table.Th>Case</Table.Th>
              <Table.Th>Side</Table.Th>
              <Table.Th>Use</Table.Th>
              <Table.Th>State</Table.Th>
              <Table.Th aria-label="Acts" />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {study.cases.map((one) => (
              <Table.Tr key={one.id} data-testid={`case-${one.number}`}>
                <Table.Td className="figures">{one.number}</Table.Td>
                <Table.Td>{one.pseudonym}</Table.Td>
                <Table.Td>{SIDES[one.side]}</Table.Td>
                <Table.Td>{one.training ? 'training' : 'rated'}</Table.Td>
                <Table.Td>
                  {one.withdrawn_at ? `withdrawn ${day(one.withdrawn_at)}: ${one.withdrawal_reason}` : one.blinded ? 'prepared' : 'not prepared yet'}
                </Table.Td>
                <Table.Td ta="right">
                  {mayRun && draft && (
                    <Button size="compact-xs" variant="subtle" color="gray" leftSection={<X size={13} />} onClick={() => remove.mutate(one.id)}>
                      Take out
                    </Button>
                  )}
                  {mayRun && running && one.withdrawn_at === null && (
                    <Button size="compact-xs" variant="subtle" color="gray" onClick={() => setLeaving(one)} data-testid={`withdraw-case-${one.number}`}>
                      Withdraw
                    </Button>
                  )}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      {adding && <AddCasesDialog study={study} onClose={() => setAdding(false)} />}
      {leaving && (
        <ReasonDialog title={`Withdraw case ${leaving.number}?`} act="Withdraw the case" final mutation={withdraw} onClose={() => setLeaving(null)}>
          Both versions leave the list of every rater. What was rated stays on record and is told in the report, and is not
          analysed. It cannot be taken back.
        </ReasonDialog>
      )}
    </section>
  );
}

function Raters({ study, mayRun }: Props): ReactNode {
  const [adding, setAdding] = useState(false);
  const remove = useStudyAct(studyActs.removeRater(study.id));
  const draft = study.state === 'draft';
  return (
    <section>
      <div className={classes.sectionHead}>
        <h2>
          Raters <span className="dim figures">{study.raters.length}</span>
        </h2>
        {mayRun && (draft || study.state === 'running') && (
          <Button size="compact-sm" variant="default" leftSection={<Plus size={15} />} onClick={() => setAdding(true)} data-testid="add-raters">
            Add raters
          </Button>
        )}
      </div>
      {remove.isError && <ErrorNote error={remove.error} onClose={remove.reset} />}
      <ul className={classes.chips}>
        {study.raters.map((one) => (
          <li key={one.id} data-testid={`rater-${one.code}`}>
            <b>{one.code}</b> {one.name}
            {one.withdrawn_at && <span className="dim">withdrawn</span>}
            {mayRun && draft && (
              <button type="button" aria-label={`Take out ${one.name}`} onClick={() => remove.mutate(one.id)}>
                <X size={13} aria-hidden />
              </button>
            )}
          </li>
        ))}
      </ul>
      {adding && <AddRatersDialog study={study} onClose={() => setAdding(false)} />}
    </section>
  );
}
