import { Button, Select, Stack, Switch, Text } from '@mantine/core';
import { Ruler } from 'lucide-react';
import type { ReactNode } from 'react';

import { useCompare } from '../../api/boneSets';
import type { BoneSet, CaseDetail, Comparison } from '../../api/types';
import { ErrorNote } from '../../components/ErrorNote';
import { comparisonOf, setLabel } from '../../domain/boneSets';
import { BONE_LABELS, READING_ORDER } from '../../domain/bones';
import { number } from '../../domain/format';
import classes from './Case.module.css';
import compare from './Compare.module.css';

/** What is compared with the shown set, and how it is drawn. */
export interface Comparing {
  other: string | null;
  onOther: (id: string | null) => void;
  coloured: boolean;
  onColoured: (coloured: boolean) => void;
}

interface Props {
  detail: CaseDetail;
  shown: BoneSet;
  comparing: Comparing;
}

/** Choose a second set, have the distances measured, read them. */
export function ComparePanel({ detail, shown, comparing }: Props): ReactNode {
  const request = useCompare(detail.id);
  const others = detail.bone_sets.filter((set) => set.id !== shown.id);
  const other = others.find((set) => set.id === comparing.other);
  const made = other && comparisonOf(detail.comparisons, shown.id, other.id);
  const running = detail.active_job?.kind === 'compare_bones';
  return (
    <section aria-label="Comparison" data-testid="compare-panel">
      <h3 className={classes.heading}>Compare</h3>
      <Stack gap="sm">
        <Select
          size="xs"
          label={`Bones ${shown.number} with`}
          placeholder="Nothing"
          clearable
          data={others.map((set) => ({ value: set.id, label: setLabel(set) }))}
          value={other?.id ?? null}
          onChange={comparing.onOther}
          data-testid="compare-with"
        />
        {other && made && (
          <>
            <Switch
              size="xs"
              label="Colour by distance"
              checked={comparing.coloured}
              onChange={(event) => comparing.onColoured(event.currentTarget.checked)}
              data-testid="coloured"
            />
            <Figures made={made} second={detail.bone_sets.find((set) => set.id === made.second)} />
          </>
        )}
        {other && !made && (
          <>
            <Text size="xs" c="dimmed">
              {other.coordinates === shown.coordinates
                ? 'Both are drawn over one another; how far they are apart is measured on the server.'
                : 'These two lie in two frames. They are aligned when they are measured, and the figures say how well.'}
            </Text>
            <Button
              size="xs"
              leftSection={<Ruler size={14} />}
              loading={request.isPending || running}
              disabled={!detail.allowed.includes('compare')}
              onClick={() => request.mutate({ first: shown.id, second: other.id })}
              data-testid="measure-distances"
            >
              Measure the distances
            </Button>
          </>
        )}
        {request.isError && <ErrorNote error={request.error} onClose={request.reset} />}
      </Stack>
    </section>
  );
}

function Figures({ made, second }: { made: Comparison; second: BoneSet | undefined }): ReactNode {
  const { report } = made;
  return (
    <>
      <table className={compare.figuresTable} data-testid="distances">
        <thead>
          <tr>
            <th scope="col">mm</th>
            <th scope="col" title="Average distance between the two surfaces, both ways (point to surface)">
              Mean
            </th>
            <th scope="col" title="95 of 100 points are nearer than this (the larger of both ways)">
              95 %
            </th>
            <th scope="col" title="Average distance between 16,348 sampled points, as in the paper">
              Sampled
            </th>
            <th scope="col" title="What the sampled figure would be for two equal surfaces">
              Floor
            </th>
            <th scope="col" title="Volume that both share, Dice similarity">
              DSC
            </th>
          </tr>
        </thead>
        <tbody>
          {READING_ORDER.map((bone) => {
            const figures = report.bones[bone];
            const reason = report.not_compared[bone];
            if (!figures && !reason) return null;
            return (
              <tr key={bone} data-bone={bone}>
                <th scope="row">{BONE_LABELS[bone]}</th>
                {figures ? (
                  <>
                    <td className="figures">
                      <b>{number(figures.p2s_assd_mm, 2)}</b>
                    </td>
                    <td className="figures">{number(figures.p2s_hd95_mm, 2)}</td>
                    <td className="figures dim">{number(figures.assd_16k_mm, 2)}</td>
                    <td className="figures dim">{number(figures.floor_16k_mm, 2)}</td>
                    <td className="figures dim">{figures.dsc_percent === null ? '–' : `${number(figures.dsc_percent)} %`}</td>
                  </>
                ) : (
                  <td colSpan={5} className="dim">
                    {reason}
                  </td>
                )}
              </tr>
            );
          })}
        </tbody>
      </table>
      <Text size="xs" c="dimmed">
        Where both sources saw the bone, {number(report.margin_mm, 0)} mm inside that.
        {report.alignment &&
          ` Bones ${second?.number} were moved for this: ${number(report.alignment.rotation_deg)}° and aligned on ${report.alignment.bones.join(', ')}.`}
      </Text>
    </>
  );
}
