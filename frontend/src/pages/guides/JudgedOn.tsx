import { Button, Select, Text } from '@mantine/core';
import type { ReactNode } from 'react';

import { useTryGuide } from '../../api/guides';
import type { BoneSet, CaseDetail, Guide } from '../../api/types';
import { ErrorNote } from '../../components/ErrorNote';
import { setLabel } from '../../domain/boneSets';

interface Props {
  detail: CaseDetail;
  guide: Guide;
  /** The bone set that the guide was designed on. */
  own: BoneSet;
  /** The bone set whose scores are wanted. */
  chosen: BoneSet;
  onChoose: (id: string) => void;
}

/** On which bones of the case the simulated surgeon puts the guide; on bones where he has not yet, he can be asked to. */
export function JudgedOn({ detail, guide, own, chosen, onChoose }: Props): ReactNode {
  const trial = useTryGuide(detail.id);
  const tried = chosen.id === own.id || guide.trials.some((one) => one.bone_set === chosen.id);
  if (detail.bone_sets.length < 2) return null;
  return (
    <>
      <Select
        size="xs"
        mb="xs"
        label="Judged on"
        allowDeselect={false}
        data={detail.bone_sets.map((set) => ({ value: set.id, label: set.id === own.id ? `${setLabel(set)}, its own` : setLabel(set) }))}
        value={chosen.id}
        onChange={(id) => id && onChoose(id)}
        data-testid="judged-on"
      />
      {!tried && (
        <div data-testid="not-tried">
          <Text size="sm" c="dimmed" mb="xs">
            The simulated surgeon has not put guide {guide.version} on these bones. Both tibiae are laid over one another first.
          </Text>
          {trial.isError && <ErrorNote error={trial.error} onClose={trial.reset} />}
          <Button
            fullWidth
            size="xs"
            disabled={detail.active_job !== null}
            loading={trial.isPending}
            onClick={() => trial.mutate({ guide: guide.id, boneSet: chosen.id })}
            data-testid="try-guide"
          >
            Put it on bones {chosen.number}
          </Button>
        </div>
      )}
      {tried && chosen.id !== own.id && (
        <Text size="xs" c="dimmed" mb="xs" data-testid="tried">
          Designed on bones {own.number}, judged on bones {chosen.number}. The gaps in colour are those there.
        </Text>
      )}
    </>
  );
}
