import { Table } from '@mantine/core';
import type { ReactNode } from 'react';

import { type Analysed, figure, interval, placeOnScale, pValue, type ReportQuestion, type StudyReport, unitOf, verdict } from '../../domain/studyReport';
import classes from './Studies.module.css';

/** Each question: both versions as mean and standard deviation, the tests, the agreement of the raters. */
export function ReportQuestions({ report }: { report: StudyReport }): ReactNode {
  return report.questions.map((question) => {
    const analysed = report.analysis.questions[question.key];
    return analysed ? <Question key={question.key} question={question} analysed={analysed} /> : null;
  });
}

interface Props {
  question: ReportQuestion;
  analysed: Analysed;
}

function Question({ question, analysed }: Props): ReactNode {
  const unit = unitOf(question);
  const { wilcoxon, equivalence, mixed_model: mixed, agreement } = analysed;
  const rows: readonly (readonly [string, string, string, string])[] = [
    [
      `Wilcoxon's signed ranks, ${wilcoxon?.pairs ?? 0} ${wilcoxon?.pairs === 1 ? 'case' : 'cases'}`,
      figure(wilcoxon?.estimate),
      wilcoxon?.confidence ? `${interval(wilcoxon.low, wilcoxon.high)} (${figure(100 * wilcoxon.confidence, 0)}\u00a0%)` : '–',
      wilcoxon ? `${pValue(wilcoxon.p)} (smallest possible ${pValue(wilcoxon.smallest_p)})` : '–',
    ],
    ['Mixed model', figure(mixed?.difference), mixed ? `${interval(mixed.low, mixed.high)} (95\u00a0%)` : '–', pValue(mixed?.p)],
    ['Equivalence, two one-sided tests', '', equivalence ? `${interval(equivalence.low, equivalence.high)} (bootstrap, 90\u00a0%)` : '–', pValue(equivalence?.p)],
  ];
  return (
    <section className={classes.result} data-testid={`result-${question.key}`}>
      <h2>{question.title}</h2>
      <Bars question={question} analysed={analysed} />
      <p data-testid={`verdict-${question.key}`}>{verdict(analysed, question)}</p>
      <Table className={classes.table} verticalSpacing={4}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>CT-based minus X-ray-based</Table.Th>
            <Table.Th>Difference, {unit}</Table.Th>
            <Table.Th>Interval, {unit}</Table.Th>
            <Table.Th>p</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody className="figures">
          {rows.map(([test, ...cells]) => (
            <Table.Tr key={test}>
              <Table.Td>{test}</Table.Td>
              {cells.map((cell, i) => (
                <Table.Td key={i}>{cell}</Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <p className={`${classes.note} figures`}>
        Agreement of the raters: ICC(2,1) {figure(agreement.icc_2_1?.value)}, ICC(2,k) {figure(agreement.icc_2_k?.value)}, weighted κ{' '}
        {figure(agreement.weighted_kappa)}, Fleiss' κ {figure(agreement.fleiss_kappa?.value)}, Krippendorff's α{' '}
        {figure(agreement.alpha_ordinal ?? agreement.alpha_interval)}.
      </p>
    </section>
  );
}

/** Mean as a bar and standard deviation as a whisker, on the scale that was asked. */
function Bars({ question, analysed }: Props): ReactNode {
  const arms = [
    ['CT-based', analysed.ct],
    ['X-ray-based', analysed.xray],
  ] as const;
  const largest = Math.max(...arms.map(([, arm]) => (arm.mean ?? 0) + (arm.standard_deviation ?? 0)));
  const at = (value: number): number => 100 * placeOnScale(value, question, largest);
  return (
    <div className={classes.bars}>
      {arms.map(([name, { mean, standard_deviation, n }]) => {
        const spread = standard_deviation ?? 0;
        const [low, high] = [at((mean ?? 0) - spread), at((mean ?? 0) + spread)];
        return (
          <div key={name}>
            <span>{name}</span>
            <span className={classes.bar} aria-hidden>
              {mean !== null && <span style={{ width: `${at(mean)}%` }} />}
              {mean !== null && <i style={{ left: `${low}%`, width: `${high - low}%` }} />}
            </span>
            <span className="figures">
              {figure(mean)} ± {figure(standard_deviation)} {unitOf(question)}, n = {n}
            </span>
          </div>
        );
      })}
    </div>
  );
}
