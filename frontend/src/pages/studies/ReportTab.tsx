import { Button, Group, Loader, Table } from '@mantine/core';
import { Download } from 'lucide-react';
import type { ReactNode } from 'react';

import { type Study, useStudyReport } from '../../api/studies';
import { ErrorNote } from '../../components/ErrorNote';
import { counted } from '../../domain/format';
import { figure, interval, type StudyReport } from '../../domain/studyReport';
import { ReportQuestions } from './ReportQuestions';
import classes from './Studies.module.css';

const FILES: readonly (readonly [string, string])[] = [
  ['report/report.pdf', 'PDF'],
  ['report/report.html', 'HTML'],
  ['report/ratings.csv', 'Ratings, CSV'],
  ['report/codebook.csv', 'Codebook, CSV'],
  ['report/allocation.zip', 'Allocation, ZIP'],
];

/** The main figures here; everything, with figures and methods, in the files. */
export function ReportTab({ study }: { study: Study }): ReactNode {
  const report = useStudyReport(study.id);
  return (
    <div className={classes.tab} data-testid="report" data-ready={report.isSuccess || undefined}>
      <Group gap="sm" role="group" aria-label="Downloads">
        {FILES.map(([path, label]) => (
          <Button key={path} component="a" href={`/api/studies/${study.id}/${path}`} download variant="default" leftSection={<Download size={15} />} data-testid={`download-${path.split('/')[1]}`}>
            {label}
          </Button>
        ))}
        <Button component="a" href={`/api/studies/${study.id}/report/`} download="study-report.json" variant="default" leftSection={<Download size={15} />} data-testid="download-report.json">
          Everything, JSON
        </Button>
      </Group>
      {report.isPending && (
        <p className="dim">
          <Loader size={14} mr={8} aria-hidden /> Computing the report; the first time takes some seconds …
        </p>
      )}
      {report.isError && <ErrorNote error={report.error} title="The report" onRetry={() => void report.refetch()} />}
      {report.data && (
        <>
          <Flow flow={report.data.flow} />
          <ReportQuestions report={report.data} />
          <Blinding blinding={report.data.analysis.blinding} />
        </>
      )}
    </div>
  );
}

function Flow({ flow }: { flow: StudyReport['flow'] }): ReactNode {
  const { items, cases, raters } = flow;
  const gone = raters.filter((rater) => rater.withdrawn).length;
  const steps: readonly (readonly [string, number])[] = [
    ['assigned', items.assigned],
    ['withdrawn', items.withdrawn],
    ['unblinded early', items.unblinded_early],
    ['incomplete', items.incomplete],
    ['analysed', items.complete],
  ];
  return (
    <section>
      <h2>Flow</h2>
      <p className={classes.note}>
        {counted(cases.rated, 'case')} in two versions each, {counted(raters.length, 'rater')}{gone > 0 && `, of whom ${gone} withdrawn`}.
      </p>
      <ol className={classes.flow} aria-label="Items" data-testid="flow">
        {steps.map(([label, count]) => (
          <li key={label}>
            <b className="figures">{count}</b> {label}
          </li>
        ))}
      </ol>
    </section>
  );
}

function Blinding({ blinding }: { blinding: StudyReport['analysis']['blinding'] }): ReactNode {
  if (!blinding) return null;
  const rows = [
    ['Bang, CT-based', blinding.bang_ct],
    ['Bang, X-ray-based', blinding.bang_xray],
    ['James, both', blinding.james],
  ] as const;
  return (
    <section>
      <h2>Did the blinding hold?</h2>
      <p className={classes.note}>
        Bang: share of right guesses minus share of wrong ones, 0 as if guessed, 1 if all know. James: 1 if nobody guesses,
        0.5 as if at random, 0 if all guess right. Guesses of one rater depend on each other, so that the intervals are too
        narrow.
      </p>
      <Table className={classes.table} w="auto" verticalSpacing={4} data-testid="blinding">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Index</Table.Th>
            <Table.Th>Value</Table.Th>
            <Table.Th>95 % interval</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody className="figures">
          {rows.map(([name, index]) => (
            <Table.Tr key={name}>
              <Table.Td>{name}</Table.Td>
              <Table.Td>{figure(index.value)}</Table.Td>
              <Table.Td>{interval(index.low, index.high)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </section>
  );
}
