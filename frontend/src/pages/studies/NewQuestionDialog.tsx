import { Button, Group, Modal, NumberInput, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';

import type { NewQuestion } from '../../api/studies';
import { newQuestion } from '../../domain/newQuestion';

interface Props {
  /** Keys that are asked already. */
  taken: readonly string[];
  busy?: boolean;
  error?: ReactNode;
  onAdd: (question: NewQuestion) => void;
  onClose: () => void;
}

/** One more question with a scale of words; each line of the box is a point, from the lowest. */
export function NewQuestionDialog({ taken, busy, error, onAdd, onClose }: Props): ReactNode {
  const [title, setTitle] = useState('');
  const [text, setText] = useState('');
  const [first, setFirst] = useState(1);
  const [lines, setLines] = useState('');
  const made = newQuestion({ title, text, first, lines }, taken);
  return (
    <Modal opened onClose={onClose} title="Ask something more" size="lg" data-testid="question-dialog">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (typeof made !== 'string') onAdd(made);
        }}
      >
        <Stack gap="sm">
          <TextInput label="Title" maxLength={80} data-autofocus value={title} onChange={(event) => setTitle(event.currentTarget.value)} data-testid="question-title" />
          <Textarea label="What raters are asked" autosize minRows={2} maxLength={1000} value={text} onChange={(event) => setText(event.currentTarget.value)} data-testid="question-text" />
          <Group align="flex-start" wrap="nowrap">
            <NumberInput w={130} label="Lowest point" allowDecimal={false} min={0} max={9} value={first} onChange={(value) => setFirst(Number(value) || 0)} />
            <Textarea
              flex={1}
              label="Points of the scale, one a line, lowest first"
              autosize
              minRows={4}
              placeholder={'not usable\nusable with reservations\nusable'}
              value={lines}
              onChange={(event) => setLines(event.currentTarget.value)}
              data-testid="question-points"
            />
          </Group>
          {error}
          <Text size="xs" c="dimmed" role="status">
            {typeof made === 'string' ? made : `${made.points.length} points, ${made.points[0]?.value} to ${made.points.at(-1)?.value}.`}
          </Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Do not ask
            </Button>
            <Button type="submit" loading={busy ?? false} disabled={typeof made === 'string'} data-testid="question-add">
              Ask it
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
