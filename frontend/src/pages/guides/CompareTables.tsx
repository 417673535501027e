import { Text } from '@mantine/core';
import type { ReactNode } from 'react';

import type { ComparedGuides } from '../../api/guides';
import { number, quantity, unit } from '../../domain/format';
import { betterOf } from '../../domain/guides';
import caseClasses from '../case/Case.module.css';
import classes from './Guides.module.css';

const VERDICTS = { pass: 'passed', warn: 'look', block: 'blocks' } as const;

/** What differs between two designs, in numbers. */
export function CompareTables({ found }: { found: ComparedGuides }): ReactNode {
  const { first, second, cut } = found;
  const columns: readonly [string, string] = [`Guide ${first.version}`, `Guide ${second.version}`];
  return (
    <>
      <section className={classes.section}>
        <h2 className={caseClasses.heading}>Where the saw goes</h2>
        <Text size="sm" data-testid="cut-difference">
          {cut
            ? `The ${found.bones ? 'saws, each guide at rest on these bones,' : 'slots'} differ by ${quantity(cut.angle_deg, 'deg', 2)} and ${quantity(cut.distance_mm, 'mm', 2)}.`
            : 'The two were designed on bones in different frames, so their slots cannot be laid over one another.'}
        </Text>
      </section>
      <section className={classes.section}>
        <h2 className={caseClasses.heading}>Simulated scores</h2>
        {found.scores.length === 0 ? (
          <Text size="sm" c="dimmed">
            Neither was scored.
          </Text>
        ) : (
          <Table columns={columns} testid="compared-scores">
            {found.scores.map((row) => {
              const better = betterOf(row.label, row.first, row.second);
              return (
                <tr key={row.label}>
                  <th scope="row">{row.label}</th>
                  <td data-better={better === 'first' || undefined}>{figure(row.first, row.unit)}</td>
                  <td data-better={better === 'second' || undefined}>{figure(row.second, row.unit)}</td>
                </tr>
              );
            })}
          </Table>
        )}
      </section>
      <section className={classes.section}>
        <h2 className={caseClasses.heading}>Parameters that differ</h2>
        {found.parameters.length === 0 ? (
          <Text size="sm" c="dimmed">
            Both were designed with the same numbers.
          </Text>
        ) : (
          <Table columns={columns} testid="compared-parameters">
            {found.parameters.map((row) => (
              <tr key={row.name}>
                <th scope="row">{row.label}</th>
                <td>{setting(row.first, row.unit)}</td>
                <td>{setting(row.second, row.unit)}</td>
              </tr>
            ))}
          </Table>
        )}
      </section>
      {found.checks.length > 0 && (
        <section className={classes.section}>
          <h2 className={caseClasses.heading}>Checks that differ</h2>
          <Table columns={columns} testid="compared-checks">
            {found.checks.map((row) => (
              <tr key={row.name}>
                <th scope="row">{row.message}</th>
                <td data-status={row.first}>{row.first ? VERDICTS[row.first] : '–'}</td>
                <td data-status={row.second}>{row.second ? VERDICTS[row.second] : '–'}</td>
              </tr>
            ))}
          </Table>
        </section>
      )}
    </>
  );
}

interface TableProps {
  columns: readonly [string, string];
  testid: string;
  children: ReactNode;
}

function Table({ columns, testid, children }: TableProps): ReactNode {
  return (
    <table className={`${classes.table} figures`} data-testid={testid}>
      <thead>
        <tr>
          <th />
          <th scope="col">{columns[0]}</th>
          <th scope="col">{columns[1]}</th>
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
}

function figure(value: number | null, name: string): string {
  if (value === null) return '–';
  return name === 'of 6' ? number(value, 0) : quantity(value, name, Math.abs(value) >= 10 ? 0 : 2);
}

function setting(value: number | null, name: string): string {
  if (value === null) return '–';
  if (name === 'on/off') return value === 1 ? 'on' : 'off';
  return `${value} ${unit(name)}`;
}
