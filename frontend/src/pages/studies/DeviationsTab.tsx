import { Button, Group, Select, Stack, Textarea, TextInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';

import { type Study, studyActs, useDeviations, useStudyAct } from '../../api/studies';
import { ErrorNote } from '../../components/ErrorNote';
import { clock } from '../../domain/format';
import classes from './Studies.module.css';

interface Props {
  study: Study;
  mayRun: boolean;
}

/** What did not go as planned: written once, never changed, printed in the report. */
export function DeviationsTab({ study, mayRun }: Props): ReactNode {
  const noted = useDeviations(study.id);
  const open = mayRun && (study.state === 'running' || study.state === 'locked');
  return (
    <div className={classes.tab}>
      {open && <NoteForm study={study} />}
      {noted.isError && <ErrorNote error={noted.error} onRetry={() => void noted.refetch()} />}
      {noted.data?.length === 0 && <p className="dim">Nothing was noted.</p>}
      <ul className={classes.notes}>
        {noted.data?.map((one) => (
          <li key={one.at + one.text}>
            <p>{one.text}</p>
            <span className="dim">
              {clock(one.at)} · {one.person}
              {one.rater_code && ` · rater ${one.rater_code}`}
              {one.item_code && ` · item ${one.item_code}`}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function NoteForm({ study }: { study: Study }): ReactNode {
  const note = useStudyAct(studyActs.noteDeviation(study.id));
  const [text, setText] = useState('');
  const [rater, setRater] = useState<string | null>(null);
  const [item, setItem] = useState('');
  const clear = (): void => {
    setText('');
    setRater(null);
    setItem('');
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        note.mutate({ text: text.trim(), rater, item_code: item.trim() }, { onSuccess: clear });
      }}
    >
      <Stack gap="sm" maw={680}>
        <Textarea label="What did not go as planned" autosize minRows={2} maxLength={1000} value={text} onChange={(event) => setText(event.currentTarget.value)} data-testid="deviation-text" />
        <Group align="flex-end">
          <Select
            w={220}
            label="Rater, if it was one"
            clearable
            data={study.raters.map(({ id, code, name }) => ({ value: id, label: `${code} ${name}` }))}
            value={rater}
            onChange={setRater}
          />
          <TextInput w={160} label="Item code, if it was one" maxLength={8} value={item} onChange={(event) => setItem(event.currentTarget.value)} />
          <Button type="submit" disabled={text.trim() === ''} loading={note.isPending} data-testid="deviation-note">
            Note it
          </Button>
        </Group>
        {note.isError && <ErrorNote error={note.error} />}
      </Stack>
    </form>
  );
}
