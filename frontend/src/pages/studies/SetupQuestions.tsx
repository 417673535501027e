import { Button, TextInput } from '@mantine/core';
import { Plus, X } from 'lucide-react';
import { type ReactNode, useState } from 'react';

import { type Study, type StudyQuestion, studyActs, useStudyAct } from '../../api/studies';
import { ErrorNote } from '../../components/ErrorNote';
import { margin } from '../../domain/studyDraft';
import { NewQuestionDialog } from './NewQuestionDialog';
import { QuestionCard } from './QuestionsStep';
import classes from './Studies.module.css';

interface Props {
  study: Study;
  /** Only a draft asks more, less, or with another margin. */
  mayRun: boolean;
}

/** What is asked, in the words that raters read. */
export function SetupQuestions({ study, mayRun }: Props): ReactNode {
  const [adding, setAdding] = useState(false);
  const add = useStudyAct(studyActs.addQuestion(study.id));
  const remove = useStudyAct(studyActs.removeQuestion(study.id));
  return (
    <section>
      <div className={classes.sectionHead}>
        <h2>
          Questions <span className="dim figures">{study.questions.length}</span>
        </h2>
        {mayRun && (
          <Button size="compact-sm" variant="default" leftSection={<Plus size={15} />} onClick={() => setAdding(true)}>
            Ask something more
          </Button>
        )}
      </div>
      {remove.isError && <ErrorNote error={remove.error} onClose={remove.reset} />}
      <div className={classes.stack}>
        {study.questions.map((question) => (
          <QuestionCard key={question.key} question={question}>
            <Margin study={study} question={question} mayChange={mayRun} />
            {mayRun && (
              <Button size="compact-sm" variant="subtle" color="gray" leftSection={<X size={14} />} onClick={() => remove.mutate(question.key)}>
                Take it out
              </Button>
            )}
          </QuestionCard>
        ))}
      </div>
      {adding && (
        <NewQuestionDialog
          taken={study.questions.map(({ key }) => key)}
          busy={add.isPending}
          error={add.isError && <ErrorNote error={add.error} />}
          onClose={() => setAdding(false)}
          onAdd={(question) => add.mutate(question, { onSuccess: () => setAdding(false) })}
        />
      )}
    </section>
  );
}

function Margin({ study, question, mayChange }: { study: Study; question: StudyQuestion; mayChange: boolean }): ReactNode {
  const set = useStudyAct(studyActs.setMargin(study.id));
  const [text, setText] = useState(question.margin === null ? '' : String(question.margin));
  const unit = question.kind === 'duration' ? 's' : 'points';
  if (question.kind === 'source_guess') return null;
  if (!mayChange) {
    return <span className="dim">{question.margin === null ? 'No margin' : `Margin ${question.margin} ${unit}`}</span>;
  }
  const wrong = text.trim() !== '' && margin(text) === null;
  const keep = (): void => {
    const value = margin(text);
    if (!wrong && value !== question.margin) set.mutate({ key: question.key, margin: value });
  };
  return (
    <>
      <TextInput
        w={170}
        size="xs"
        inputMode="decimal"
        label={`Margin, ${unit}`}
        aria-label={`Margin of ${question.title}`}
        value={text}
        error={wrong ? 'A number above zero.' : undefined}
        onChange={(event) => setText(event.currentTarget.value)}
        onBlur={keep}
        data-testid={`margin-${question.key}`}
      />
      {set.isError && <ErrorNote error={set.error} />}
    </>
  );
}
