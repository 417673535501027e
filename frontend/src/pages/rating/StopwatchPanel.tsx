import { Button, Group, Modal, Stack, Text, Textarea } from '@mantine/core';
import { Check, Pause, Play, RotateCcw } from 'lucide-react';
import { type ReactNode, useState } from 'react';

import { useKeys } from '../../components/useKeys';
import { useNow } from '../../components/useNow';
import { asTime, mayPress, type PressKind, seconds, type Stopwatch } from '../../domain/stopwatch';
import classes from './Rating.module.css';

interface Props {
  watch: Stopwatch;
  disabled: boolean;
  onPress: (kind: PressKind, note?: string) => void;
}

const WORDS: Record<PressKind | 'nothing', string> = {
  nothing: 'Press when the guide is placed on the bone model.',
  placed: 'The time runs. Press when the cut is complete.',
  resumed: 'The time runs again. Press when the cut is complete.',
  paused: 'Paused: the time stands still.',
  completed: 'The cut is complete.',
  corrected: 'The time was voided. Place the guide again.',
};

/** From "guide placed" to "cut complete" in buttons that are hit with gloves on; T is the next step, P the pause. */
export function StopwatchPanel({ watch, disabled, onPress }: Props): ReactNode {
  const now = useNow(watch.running);
  const [correcting, setCorrecting] = useState(false);
  const may = (kind: PressKind): boolean => !disabled && mayPress(watch, kind);
  const press = (kind: PressKind): void => {
    if (may(kind)) onPress(kind);
  };
  const running = watch.last === 'placed' || watch.last === 'resumed';
  const rest: PressKind = watch.last === 'paused' ? 'resumed' : 'paused';
  // A key that is held down presses once: it must not stop what it has just started.
  useKeys({
    t: (held) => !held && press(running ? 'completed' : 'placed'),
    p: (held) => !held && press(rest),
  });

  return (
    <section className={classes.stopwatch} aria-label="Operation time" data-testid="stopwatch" data-last={watch.last ?? 'nothing'}>
      <output className={`${classes.time} figures`} aria-label="Operation time, minutes and seconds" data-running={watch.running || undefined} data-testid="time">
        {asTime(watch.duration ?? seconds(watch, now))}
        <small>min : s</small>
      </output>
      <p className={classes.timeWords} role="status">
        {WORDS[watch.last ?? 'nothing']}
      </p>
      <div className={classes.presses}>
        <button type="button" className={classes.bigButton} disabled={!may('placed')} onClick={() => press('placed')} data-testid="placed">
          <Play size={22} aria-hidden /> Guide placed
        </button>
        <button type="button" className={classes.bigButton} disabled={!may('completed')} onClick={() => press('completed')} data-testid="completed">
          <Check size={22} aria-hidden /> Cut complete
        </button>
        <button type="button" className={classes.bigButton} data-quiet disabled={!may(rest)} onClick={() => press(rest)} data-testid={rest}>
          {rest === 'paused' ? <Pause size={22} aria-hidden /> : <Play size={22} aria-hidden />}
          {rest === 'paused' ? 'Pause' : 'Go on'}
        </button>
      </div>
      <div className={classes.timeFoot}>
        <span className="figures" data-testid="counts">
          {watch.pauses} {watch.pauses === 1 ? 'pause' : 'pauses'} · {watch.corrections} {watch.corrections === 1 ? 'correction' : 'corrections'}
        </span>
        <Button
          variant="subtle"
          color="gray"
          leftSection={<RotateCcw size={16} />}
          disabled={!may('corrected')}
          onClick={() => setCorrecting(true)}
          data-testid="correct"
        >
          Correct the time
        </Button>
      </div>
      {correcting && (
        <CorrectDialog
          onClose={() => setCorrecting(false)}
          onCorrect={(note) => {
            setCorrecting(false);
            onPress('corrected', note);
          }}
        />
      )}
    </section>
  );
}

function CorrectDialog({ onClose, onCorrect }: { onClose: () => void; onCorrect: (note: string) => void }): ReactNode {
  const [note, setNote] = useState('');
  return (
    <Modal opened onClose={onClose} title="Void this time?" size="sm" data-testid="correct-dialog">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (note.trim() !== '') onCorrect(note.trim());
        }}
      >
        <Stack gap="sm">
          <Text size="sm">
            The time so far is not counted and begins anew when the guide is placed again. Both stay on record, with your
            reason.
          </Text>
          <Textarea
            label="What went wrong"
            maxLength={300}
            data-autofocus
            value={note}
            onChange={(event) => setNote(event.currentTarget.value)}
            data-testid="correct-reason"
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Keep the time
            </Button>
            <Button type="submit" color="stop" disabled={note.trim() === ''} data-testid="correct-confirm">
              Void the time
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
