import { Button, Checkbox, NativeSelect, Table } from '@mantine/core';
import type { ReactNode } from 'react';

import type { Candidate, StudyKind } from '../../api/studies';
import { SIDES } from '../../domain/format';
import { type Choice, choiceOf, KINDS } from '../../domain/studyDraft';
import classes from './Studies.module.css';

type Choices = Readonly<Record<string, Choice>>;

interface Props {
  kind: StudyKind;
  candidates: readonly Candidate[];
  value: Choices;
  /** Training comes before everything, so that only drafts take it. */
  mayTrain: boolean;
  onChange: (value: Choices) => void;
}

/** Cases that hold both versions, and which of them is used; shown by pseudonym only. */
export function CasePicker({ kind, candidates, value, mayTrain, onChange }: Props): ReactNode {
  const word = KINDS[kind].versions;
  const set = (id: string, choice: Choice | null): void => {
    const { [id]: _, ...others } = value;
    onChange(choice ? { ...others, [id]: choice } : others);
  };
  if (candidates.length === 0) {
    return (
      <p className={classes.note} data-testid="no-candidates">
        No case of this site holds both a CT-based and an X-ray-based {word} that is not in the study yet.{' '}
        {kind === 'model_rating'
          ? 'A surgeon adds the CT-based bones to a case: from a CT, or as meshes aligned to the X-rays.'
          : 'A surgeon plans on both bone sets of a case, and an engineer designs a guide for each plan.'}
      </p>
    );
  }
  const takeAll = (): void => {
    const all = candidates.flatMap((one) => {
      const choice = value[one.case] ?? choiceOf(one);
      return choice ? [[one.case, choice] as const] : [];
    });
    onChange(Object.fromEntries(all));
  };
  return (
    <>
      <div className={classes.pickHead}>
        <span className="figures" data-testid="cases-chosen">
          {Object.keys(value).length} of {candidates.length} cases chosen
        </span>
        <Button size="compact-sm" variant="default" onClick={takeAll} data-testid="take-all">
          Choose all
        </Button>
        <Button size="compact-sm" variant="subtle" color="gray" onClick={() => onChange({})}>
          Choose none
        </Button>
      </div>
      <Table className={classes.table} verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Case</Table.Th>
            <Table.Th>Side</Table.Th>
            <Table.Th>CT-based {word}</Table.Th>
            <Table.Th>X-ray-based {word}</Table.Th>
            {mayTrain && <Table.Th>Training</Table.Th>}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {candidates.map((one) => {
            const choice = value[one.case];
            return (
              <Table.Tr key={one.case} data-testid={`candidate-${one.pseudonym}`}>
                <Table.Td>
                  <Checkbox
                    label={one.pseudonym}
                    checked={choice !== undefined}
                    onChange={(event) => set(one.case, event.currentTarget.checked ? choiceOf(one) : null)}
                  />
                </Table.Td>
                <Table.Td>{SIDES[one.side]}</Table.Td>
                {(['ct', 'xray'] as const).map((source) => (
                  <Table.Td key={source}>
                    <Version
                      label={`${source === 'ct' ? 'CT-based' : 'X-ray-based'} ${word} of ${one.pseudonym}`}
                      ids={one[source]}
                      value={choice?.[source]}
                      onChange={(id) => choice && set(one.case, { ...choice, [source]: id })}
                    />
                  </Table.Td>
                ))}
                {mayTrain && (
                  <Table.Td>
                    <Checkbox
                      aria-label={`${one.pseudonym} is for training`}
                      disabled={!choice}
                      checked={choice?.training ?? false}
                      onChange={(event) => choice && set(one.case, { ...choice, training: event.currentTarget.checked })}
                    />
                  </Table.Td>
                )}
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </>
  );
}

interface VersionProps {
  label: string;
  ids: readonly string[];
  value: string | undefined;
  onChange: (id: string) => void;
}

/** Most cases have one version of a source; only where there are several is there something to choose. */
function Version({ label, ids, value, onChange }: VersionProps): ReactNode {
  if (ids.length === 1) return <span className="dim">the only one</span>;
  return (
    <NativeSelect
      size="xs"
      aria-label={label}
      disabled={value === undefined}
      value={value ?? ''}
      data={ids.map((id, i) => ({ value: id, label: `${i + 1} of ${ids.length}` }))}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
