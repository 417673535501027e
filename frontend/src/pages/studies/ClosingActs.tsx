import { Button, Group, Text } from '@mantine/core';
import { type ReactNode, useState } from 'react';

import { type SignatureMeaning, type Study, studyActs, useProgress, useStudyAct } from '../../api/studies';
import type { Person } from '../../api/types';
import { SignedDialog } from './SignedDialog';
import classes from './Studies.module.css';

interface Props {
  study: Study;
  person: Person;
  mayRun: boolean;
}

type Open = 'lock' | 'sign' | 'ask' | 'agree' | null;

/** How a study ends: lock, sign, ask to unblind, agree as the second person. */
export function ClosingActs({ study, person, mayRun }: Props): ReactNode {
  const [open, setOpen] = useState<Open>(null);
  const close = (): void => setOpen(null);
  const asked = study.unblindings.find((one) => one.item_code === null && one.approved_at === null);
  // People are told by name here; the server compares who they are.
  const own = asked?.requested_by === person.name;
  return (
    <>
      <div>
        <h2>{TITLES[study.state]}</h2>
        <Text size="sm" c="dimmed">
          {study.state === 'running' && <OpenItems study={study} />}
          {study.state === 'locked' && !asked && 'No answer can be changed any more. Unblinding needs two people: one asks with a reason, another agrees.'}
          {study.state === 'locked' &&
            asked &&
            `${asked.requested_by} asked to unblind: “${asked.reason}”. ${own ? 'A second person has to agree.' : 'You can agree as the second person.'}`}
          {study.state === 'unblinded' && 'The allocation is open, and the report is computed from what was locked and signed.'}
        </Text>
      </div>
      <Group wrap="nowrap">
        {study.state === 'running' && mayRun && study.kind === 'hto_simulation' && (
          <Button component="a" href={`/api/studies/${study.id}/print-package/`} download variant="default" data-testid="print-package">
            Print package
          </Button>
        )}
        {study.state === 'running' && mayRun && (
          <Button onClick={() => setOpen('lock')} data-testid="lock">
            Lock the study
          </Button>
        )}
        {(study.state === 'locked' || study.state === 'unblinded') && (
          <Button variant="default" onClick={() => setOpen('sign')} data-testid="sign">
            Sign
          </Button>
        )}
        {study.state === 'locked' && !asked && (
          <Button onClick={() => setOpen('ask')} data-testid="ask-unblind">
            Ask to unblind
          </Button>
        )}
        {study.state === 'locked' && asked && !own && (
          <Button onClick={() => setOpen('agree')} data-testid="agree-unblind">
            Agree to unblind
          </Button>
        )}
      </Group>
      {open === 'lock' && <LockDialog study={study} person={person} onClose={close} />}
      {open === 'sign' && <SignDialog study={study} person={person} onClose={close} />}
      {open === 'ask' && <AskDialog study={study} onClose={close} />}
      {open === 'agree' && asked && <AgreeDialog study={study} asked={asked} onClose={close} />}
    </>
  );
}

const TITLES: Record<Study['state'], string> = {
  draft: '',
  ready: '',
  running: 'Raters are at work',
  locked: 'Locked',
  unblinded: 'Unblinded',
};

function useOpenItems(study: Study): number | null {
  const progress = useProgress(study);
  if (!progress.data) return null;
  const live = progress.data.filter((one) => one.rater.withdrawn_at === null);
  return live.reduce((sum, one) => sum + one.items - one.completed, 0);
}

function items(count: number): string {
  return count === 1 ? '1 item is' : `${count} items are`;
}

function OpenItems({ study }: { study: Study }): ReactNode {
  const open = useOpenItems(study);
  if (open === null) return 'Counting …';
  return open === 0 ? 'Every item is rated. Locking ends the rating for good.' : `${items(open)} still to be rated.`;
}

interface DialogProps {
  study: Study;
  onClose: () => void;
}

function LockDialog({ study, person, onClose }: DialogProps & { person: Person }): ReactNode {
  const lock = useStudyAct(studyActs.lock(study.id));
  const open = useOpenItems(study);
  return (
    <SignedDialog
      title={`Lock ${study.title}?`}
      act="Lock and sign"
      final
      name={person.name}
      {...(open !== 0 ? { reason: 'needed' as const, reasonLabel: `Why it ends although ${open === null ? 'some items are' : items(open)} open` } : {})}
      mutation={lock}
      onDone={onClose}
      onClose={onClose}
    >
      Nobody can rate or change an answer any more, ever. Your signature says: <b>{study.lock_meaning}</b>. It covers every
      answer and every time by their SHA-256.
    </SignedDialog>
  );
}

const MEANINGS: readonly (readonly [SignatureMeaning, string])[] = [
  ['reviewed', 'I reviewed the conduct of the study'],
  ['approved', 'I approve the report'],
];

function SignDialog({ study, person, onClose }: DialogProps & { person: Person }): ReactNode {
  const [meaning, setMeaning] = useState<SignatureMeaning>(study.state === 'unblinded' ? 'approved' : 'reviewed');
  const sign = useStudyAct(studyActs.sign(study.id, meaning));
  return (
    <SignedDialog title={`Sign ${study.title}`} act="Sign" name={person.name} mutation={sign} onDone={onClose} onClose={onClose}>
      <fieldset className={classes.meanings}>
        <legend>Your signature says</legend>
        {MEANINGS.map(([value, words]) => (
          <label key={value}>
            <input type="radio" name="meaning" checked={meaning === value} onChange={() => setMeaning(value)} data-testid={`meaning-${value}`} /> {words}
          </label>
        ))}
      </fieldset>
    </SignedDialog>
  );
}

function AskDialog({ study, onClose }: DialogProps): ReactNode {
  const ask = useStudyAct(studyActs.askToUnblind(study.id));
  return (
    <SignedDialog title={`Unblind ${study.title}?`} act="Ask to unblind" reason="needed" reasonLabel="Why it is to be unblinded now" mutation={ask} onDone={onClose} onClose={onClose}>
      Nothing is told yet. A second person, a coordinator or an administrator who is no rater of this study, has to agree;
      then everybody who runs it sees which item was which version, for good.
    </SignedDialog>
  );
}

function AgreeDialog({ study, asked, onClose }: DialogProps & { asked: Study['unblindings'][number] }): ReactNode {
  const agree = useStudyAct(studyActs.agreeToUnblind(study.id, asked.id));
  return (
    <SignedDialog title={`Unblind ${study.title} for good?`} act="Agree and unblind" final mutation={agree} onDone={onClose} onClose={onClose}>
      {asked.requested_by} asked: “{asked.reason}”. With your agreement the sealed list is checked against what was published
      and the answers against their signatures; then which item was which version is open and cannot be closed again.
    </SignedDialog>
  );
}
