import { Button, Checkbox, Group, NumberInput, Radio, Select, Stack, Stepper, Text, TextInput, Title } from '@mantine/core';
import { useDocumentTitle, useSessionStorage } from '@mantine/hooks';
import { type ReactNode, useState } from 'react';
import { Link, useLocation } from 'wouter';

import { studyActs, useStudyAct, useStudyOptions } from '../../api/studies';
import { ErrorNote } from '../../components/ErrorNote';
import { type Draft, itemCount, KINDS, NEW_DRAFT, problems, STEPS, toStudy, withKind } from '../../domain/studyDraft';
import { CasePicker } from './CasePicker';
import { QuestionsStep } from './QuestionsStep';
import { RaterPicker } from './RaterPicker';
import classes from './Studies.module.css';

/** From nothing to a draft in five steps; what was typed survives a reload. */
export default function StudyWizard(): ReactNode {
  useDocumentTitle('New study · Knee Guides');
  const [, go] = useLocation();
  const [draft, setDraft, forget] = useSessionStorage<Draft>({ key: 'knee-new-study', defaultValue: NEW_DRAFT });
  const [at, setAt] = useState(0);
  const options = useStudyOptions(draft.kind, draft.site === null ? {} : { site: draft.site });
  const create = useStudyAct(studyActs.create);
  const step = STEPS[at] ?? 'Kind';
  const missing = problems(draft, step);

  const finish = (): void =>
    create.mutate(toStudy(draft), {
      onSuccess: (study) => {
        forget();
        go(`/studies/${study.id}`);
      },
    });

  return (
    <div className={classes.page} data-testid="wizard">
      <header className={classes.pageHeader}>
        <Title order={1}>New study</Title>
        <Button component={Link} href="/studies" variant="default">
          Leave it for now
        </Button>
      </header>
      <Stepper active={at} onStepClick={setAt} size="xs" mb="md" aria-label="Steps">
        {STEPS.map((name, i) => (
          <Stepper.Step key={name} label={name} {...(i < at && problems(draft, name).length > 0 ? { color: 'look' } : {})} data-testid={`step-${name}`} />
        ))}
      </Stepper>
      <div className={classes.stepBody}>
        {options.isError && <ErrorNote error={options.error} title="What can be chosen" onRetry={() => void options.refetch()} />}
        {step === 'Kind' && <KindStep draft={draft} sites={options.data?.sites ?? []} onChange={setDraft} />}
        {step !== 'Kind' && options.isPending && <p className="dim">Loading …</p>}
        {step === 'Cases' && options.data && (
          <CasePicker kind={draft.kind} candidates={options.data.cases} value={draft.cases} mayTrain onChange={(cases) => setDraft({ ...draft, cases })} />
        )}
        {step === 'Raters' && options.data && (
          <RaterPicker candidates={options.data.raters} value={draft.raters} onChange={(raters) => setDraft({ ...draft, raters })} />
        )}
        {step === 'Questions' && options.data && <QuestionsStep draft={draft} options={options.data} onChange={setDraft} />}
        {step === 'Rules' && <RulesStep draft={draft} onChange={setDraft} />}
        {create.isError && <ErrorNote error={create.error} title="Making the draft" />}
      </div>
      <footer className={classes.stepFoot}>
        <ul className={classes.missing} data-testid="step-missing">
          {missing.map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
        <Group>
          <Button variant="default" disabled={at === 0} onClick={() => setAt(at - 1)}>
            Back
          </Button>
          {at < STEPS.length - 1 ? (
            <Button onClick={() => setAt(at + 1)} data-testid="wizard-next">
              Next
            </Button>
          ) : (
            <Button onClick={finish} loading={create.isPending} disabled={draft.title.trim() === ''} data-testid="create-study">
              Make the draft
            </Button>
          )}
        </Group>
      </footer>
    </div>
  );
}

interface StepProps {
  draft: Draft;
  onChange: (draft: Draft) => void;
}

function KindStep({ draft, sites, onChange }: StepProps & { sites: readonly { id: string; name: string }[] }): ReactNode {
  return (
    <Stack gap="md" maw={680}>
      <TextInput
        label="Title"
        description="Raters see it: nothing in it may tell what is compared."
        maxLength={120}
        value={draft.title}
        onChange={(event) => onChange({ ...draft, title: event.currentTarget.value })}
        data-testid="study-title"
      />
      <Radio.Group label="Kind" value={draft.kind} onChange={(kind) => onChange(withKind(draft, kind as Draft['kind']))}>
        <Stack gap="sm" mt="xs">
          {(Object.keys(KINDS) as Draft['kind'][]).map((kind) => (
            <Radio key={kind} value={kind} label={KINDS[kind].name} description={KINDS[kind].text} data-testid={`kind-${kind}`} />
          ))}
        </Stack>
      </Radio.Group>
      {sites.length > 1 && (
        <Select
          label="Site"
          data={sites.map(({ id, name }) => ({ value: id, label: name }))}
          value={draft.site ?? sites[0]?.id ?? null}
          onChange={(site) => onChange({ ...draft, site, cases: {}, raters: [] })}
        />
      )}
    </Stack>
  );
}

function RulesStep({ draft, onChange }: StepProps): ReactNode {
  const { rated, training } = itemCount(draft.cases);
  return (
    <Stack gap="md" maw={680}>
      <NumberInput
        w={260}
        label="Distance, items"
        description="The two versions of a case are at least so many items apart in every rater's list."
        min={1}
        max={1000}
        allowDecimal={false}
        value={draft.distance}
        onChange={(value) => onChange({ ...draft, distance: Math.max(1, Number(value) || 1) })}
        data-testid="distance"
      />
      <Checkbox
        label="Raters may go back and change an answer until the study is locked"
        description="Every change is kept as a revision; the last one counts."
        checked={draft.mayGoBack}
        onChange={(event) => onChange({ ...draft, mayGoBack: event.currentTarget.checked })}
      />
      <Text size="sm" data-testid="design">
        Each of {draft.raters.length} raters gets <b className="figures">{rated}</b> items
        {training > 0 && <> after {training} items of training</>}: <b className="figures">{rated * draft.raters.length}</b> ratings of each
        question.
      </Text>
    </Stack>
  );
}
