import { Button, Group, Select, Stack, Text } from '@mantine/core';
import { PenTool, SlidersHorizontal } from 'lucide-react';
import type { ReactNode } from 'react';
import { Link } from 'wouter';

import { useDesignGuide } from '../../api/guides';
import { useSession } from '../../api/queries';
import type { CaseDetail, Guide } from '../../api/types';
import { ErrorNote } from '../../components/ErrorNote';
import { clock } from '../../domain/format';
import type { Point } from '../../domain/plan';
import { ReleasePanel } from '../guides/ReleasePanel';
import classes from './Case.module.css';
import { Checks } from './Checks';
import { useThisPlanner } from './usePlanner';

interface Props {
  detail: CaseDetail;
  guide: Guide | null;
  onGuide: (id: string) => void;
  onLook: (place: Point) => void;
}

/** Where the guide of the case stands, its checks and files; what it is made with is the engineer's page. */
export function GuidePanel({ detail, guide, onGuide, onLook }: Props): ReactNode {
  const { person } = useSession();
  const mayDesign = detail.allowed.includes('design');
  const { approved } = useThisPlanner();
  return (
    <Stack gap="md" data-testid="guide-panel">
      {guide && (
        <section>
          <Group justify="space-between" wrap="nowrap" mb={6}>
            <h3 className={classes.heading}>Guide {guide.version}</h3>
            {detail.guides.length > 1 && (
              <Select
                size="xs"
                w={170}
                aria-label="Which guide is shown"
                allowDeselect={false}
                data={detail.guides
                  .toSorted((a, b) => b.version - a.version)
                  .map((one) => ({ value: one.id, label: `Guide ${one.version}, ${clock(one.created_at)}` }))}
                value={guide.id}
                onChange={(value) => value && onGuide(value)}
              />
            )}
          </Group>
          <ReleasePanel key={guide.id} caseId={detail.id} guide={guide} maySign={person?.roles.includes('engineer') ?? false} />
        </section>
      )}
      {mayDesign && approved && <Design detail={detail} plan={approved.id} guide={guide} />}
      {guide && <Checks checks={guide.checks} onLook={onLook} />}
      {!guide && !(mayDesign && approved) && (
        <Text size="sm" c="dimmed">
          {absence(detail, approved !== null)}
        </Text>
      )}
    </Stack>
  );
}

function absence(detail: CaseDetail, approved: boolean): string {
  if (detail.active_job?.kind === 'design_guide') return 'The guide appears here as soon as it is designed and checked.';
  return approved ? 'Nobody has designed a guide yet.' : 'A guide is designed from an approved plan; this one is not approved yet.';
}

/** The first design with the standard parameters at once; anything else on the page of the design. */
function Design({ detail, plan, guide }: { detail: CaseDetail; plan: string; guide: Guide | null }): ReactNode {
  const design = useDesignGuide(detail.id);
  return (
    <Stack gap="xs">
      {design.isError && <ErrorNote error={design.error} onClose={design.reset} />}
      {!guide && (
        <Button
          leftSection={<PenTool size={16} />}
          loading={design.isPending}
          disabled={detail.active_job !== null}
          onClick={() => design.mutate({ plan, parameters: {}, presets: [], reason: '' })}
          data-testid="design"
        >
          Design the guide
        </Button>
      )}
      <Button
        component={Link}
        href={guide ? `/guides/cases/${detail.id}/${guide.id}` : `/guides/cases/${detail.id}`}
        variant="default"
        leftSection={<SlidersHorizontal size={16} />}
        data-testid="open-guide"
      >
        {guide ? 'Scores, sections and parameters' : 'Choose presets and parameters first'}
      </Button>
    </Stack>
  );
}
