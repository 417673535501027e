import { ActionIcon, Button, Menu, Select, Tooltip } from '@mantine/core';
import { ArrowLeft, Columns2 } from 'lucide-react';
import type { ReactNode } from 'react';
import { Link, useLocation } from 'wouter';

import type { CaseDetail, Guide, PlanSummary } from '../../api/types';
import { clock, quantity, SIDES } from '../../domain/format';
import { STATE_LABELS } from '../../domain/guides';
import caseClasses from '../case/Case.module.css';
import classes from './Guides.module.css';

interface Props {
  detail: CaseDetail;
  plan: PlanSummary | undefined;
  guide: Guide | null;
}

const named = (guide: Guide): string => `Guide ${guide.version}, ${STATE_LABELS[guide.state].toLowerCase()}, ${clock(guide.created_at)}`;

/** Whose knee, which plan, which design; the way to another design and to a comparison. */
export function DesignHeader({ detail, plan, guide }: Props): ReactNode {
  const [, navigate] = useLocation();
  const designs = detail.guides.toSorted((a, b) => b.version - a.version);
  const others = designs.filter((one) => one.id !== guide?.id);
  return (
    <header className={classes.header}>
      <Tooltip label="All guides">
        <ActionIcon component={Link} href="/guides" variant="subtle" color="gray" aria-label="Back to all guides">
          <ArrowLeft size={18} />
        </ActionIcon>
      </Tooltip>
      <h1 className={caseClasses.pseudonym} data-testid="guide-title">
        <Link href={`/cases/${detail.id}`} className="quiet-link">
          {detail.pseudonym}
        </Link>
      </h1>
      <span className={caseClasses.side}>{SIDES[detail.side]}</span>
      {plan && (
        <>
          <span className={caseClasses.divider} aria-hidden />
          <span className={`figures ${classes.fact}`}>
            {quantity(plan.correction_deg, 'deg')} <span className="dim">plan {plan.revision}</span>
          </span>
        </>
      )}
      <span className={caseClasses.grow} />
      {guide && (
        <Select
          size="xs"
          w={270}
          aria-label="Which design is shown"
          allowDeselect={false}
          data={designs.map((one) => ({ value: one.id, label: named(one) }))}
          value={guide.id}
          onChange={(id) => id && navigate(`/guides/cases/${detail.id}/${id}`)}
          data-testid="which-design"
        />
      )}
      {guide && others.length > 0 && (
        <Menu position="bottom-end">
          <Menu.Target>
            <Button variant="default" size="xs" leftSection={<Columns2 size={15} />} data-testid="compare">
              Compare
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Label>Beside guide {guide.version}</Menu.Label>
            {others.map((one) => (
              <Menu.Item key={one.id} component={Link} href={`/guides/compare/${one.id}/${guide.id}`} data-testid={`compare-${one.version}`}>
                {named(one)}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      )}
    </header>
  );
}
