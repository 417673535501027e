import { Button, Checkbox, TextInput } from '@mantine/core';
import { Plus, X } from 'lucide-react';
import { type ReactNode, useState } from 'react';

import type { StudyOptions, StudyQuestion } from '../../api/studies';
import { type Draft, margin } from '../../domain/studyDraft';
import { NewQuestionDialog } from './NewQuestionDialog';
import classes from './Studies.module.css';

interface Props {
  draft: Draft;
  options: StudyOptions;
  onChange: (draft: Draft) => void;
}

/** The paper's questions with their scales, what is asked beside them, and the margins that are registered. */
export function QuestionsStep({ draft, options, onChange }: Props): ReactNode {
  const [adding, setAdding] = useState(false);
  const setMargin = (key: string, text: string): void => onChange({ ...draft, margins: { ...draft.margins, [key]: text } });
  const box = (question: Pick<StudyQuestion, 'key' | 'kind' | 'title'>): ReactNode => (
    <MarginBox question={question} text={draft.margins[question.key] ?? ''} onChange={(text) => setMargin(question.key, text)} />
  );
  return (
    <div className={classes.stack}>
      <p className={classes.note}>
        A difference between the sources below the margin does not matter in practice. It is registered now, before
        anybody has rated, and stands in the report; at least one question needs it.
      </p>
      {options.questions.map((question) => (
        <QuestionCard key={question.key} question={question}>
          {box(question)}
        </QuestionCard>
      ))}
      {draft.extra.map((question) => (
        <QuestionCard key={question.key} question={{ ...question, kind: 'scale' }}>
          {box({ ...question, kind: 'scale' })}
          <Button
            size="compact-sm"
            variant="subtle"
            color="gray"
            leftSection={<X size={14} />}
            onClick={() => onChange({ ...draft, extra: draft.extra.filter((one) => one.key !== question.key) })}
          >
            Take it out
          </Button>
        </QuestionCard>
      ))}
      <div>
        <Button variant="default" leftSection={<Plus size={16} />} onClick={() => setAdding(true)} data-testid="add-question">
          Ask something more
        </Button>
      </div>
      <Checkbox
        label="Ask last which source the rater thinks it was, and how sure they are"
        description="The blinding indices of the report come from it."
        checked={draft.askSource}
        onChange={(event) => onChange({ ...draft, askSource: event.currentTarget.checked })}
        data-testid="ask-source"
      />
      {adding && (
        <NewQuestionDialog
          taken={[...options.questions, ...options.blinding_questions, ...draft.extra].map(({ key }) => key)}
          onClose={() => setAdding(false)}
          onAdd={(question) => {
            setAdding(false);
            onChange({ ...draft, extra: [...draft.extra, question] });
          }}
        />
      )}
    </div>
  );
}

interface MarginProps {
  question: Pick<StudyQuestion, 'key' | 'kind' | 'title'>;
  text: string;
  onChange: (text: string) => void;
}

function MarginBox({ question, text, onChange }: MarginProps): ReactNode {
  const wrong = text.trim() !== '' && margin(text) === null;
  return (
    <TextInput
      w={190}
      size="xs"
      inputMode="decimal"
      label={`Margin, ${question.kind === 'duration' ? 's' : 'points of the scale'}`}
      aria-label={`Margin of ${question.title}`}
      value={text}
      error={wrong ? 'A number above zero.' : undefined}
      onChange={(event) => onChange(event.currentTarget.value)}
      data-testid={`margin-${question.key}`}
    />
  );
}

type Told = Pick<StudyQuestion, 'key' | 'kind' | 'title' | 'text' | 'points'>;

/** A question as raters get it, with every point of its scale. */
export function QuestionCard({ question, children }: { question: Told; children?: ReactNode }): ReactNode {
  return (
    <section className={classes.question} data-testid={`card-${question.key}`}>
      <div>
        <h3>{question.title}</h3>
        <p>{question.text}</p>
        {question.kind === 'duration' && <p>Taken with the stop-watch, by the server’s clock, in seconds.</p>}
        <ol className={classes.points}>
          {question.points.map((point) => (
            <li key={point.value}>
              <b className="figures">
                {point.value}
                {point.label !== String(point.value) && ` ${point.label}`}
              </b>{' '}
              {point.description}
            </li>
          ))}
        </ol>
      </div>
      <div className={classes.questionSide}>{children}</div>
    </section>
  );
}
