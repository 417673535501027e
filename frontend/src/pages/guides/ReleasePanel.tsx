import { Button, Group, Stack, Text } from '@mantine/core';
import { PackageOpen, PenLine, TriangleAlert } from 'lucide-react';
import { type ReactNode, useState } from 'react';

import type { Guide } from '../../api/types';
import { ConfirmDialog } from '../../components/ConfirmDialog';
import { clock } from '../../domain/format';
import { supersededWords, takenFrom } from '../../domain/guides';
import { GuideBadge } from './GuideBadge';
import { SignDialog } from './SignDialog';

interface Props {
  caseId: string;
  guide: Guide;
  maySign: boolean;
}

/** The one thing to do with a design: sign it, or take its print package; or why neither can be done. */
export function ReleasePanel({ caseId, guide, maySign }: Props): ReactNode {
  const [signing, setSigning] = useState(false);
  const [asking, setAsking] = useState(false);
  const [aware, setAware] = useState(false);
  const superseded = supersededWords(guide);
  return (
    <Stack gap="xs" data-testid="release">
      <Group justify="space-between">
        <GuideBadge state={guide.state} />
        <Text size="xs" c="dimmed">
          by {guide.author}, {clock(guide.created_at)}
        </Text>
      </Group>
      {guide.state === 'to_sign' &&
        (maySign ? (
          <Button leftSection={<PenLine size={16} />} onClick={() => setSigning(true)} data-testid="sign">
            Sign off
          </Button>
        ) : (
          <Text size="sm" c="dimmed">
            An engineer signs it off; then the print package can be taken.
          </Text>
        ))}
      {superseded && guide.state !== 'void' && (
        <Text size="sm" c="var(--stop)" role="alert" data-testid="guide-superseded">
          {superseded} Print it no more, and use none that was printed.
        </Text>
      )}
      {guide.state === 'signed' && (
        <>
          {superseded && !aware ? (
            <Button variant="default" leftSection={<TriangleAlert size={16} />} onClick={() => setAsking(true)} data-testid="take-superseded">
              Take its files all the same …
            </Button>
          ) : (
            <Files guide={guide} />
          )}
          {guide.signature && (
            <Text size="xs" c="dimmed">
              Signed by {guide.signature.person}, {clock(guide.signature.signed_at)}
            </Text>
          )}
        </>
      )}
      {guide.state === 'blocked' && (
        <Text size="sm" c="var(--stop)" data-testid="not-exportable">
          A check blocks this guide: it cannot be printed. Change a parameter or the plan and design it again.
        </Text>
      )}
      {guide.state === 'void' && (
        <Text size="sm" c="var(--stop)" data-testid="guide-void">
          The approval of its plan was withdrawn. Print it no more, and use none that was printed.
        </Text>
      )}
      <ConfirmDialog
        opened={asking}
        title={`Guide ${guide.version} counts no more`}
        act="I know: show its files"
        final
        onClose={() => setAsking(false)}
        onConfirm={() => {
          setAware(true);
          setAsking(false);
        }}
      >
        {superseded} A guide made for another correction cuts the bone in the wrong place. Its files are named SUPERSEDED, and who takes them is
        written down.
      </ConfirmDialog>
      {signing && <SignDialog caseId={caseId} guide={guide} onClose={() => setSigning(false)} />}
    </Stack>
  );
}

/** What leaves the house; who takes it of a superseded plan has said so. */
function Files({ guide }: { guide: Guide }): ReactNode {
  const { files } = guide;
  return (
    <>
      <Button
        component="a"
        href={takenFrom(files.package, guide)}
        download
        leftSection={<PackageOpen size={16} />}
        data-testid="download-package"
      >
        Download the print package
      </Button>
      <Group gap="xs" grow>
        <Button component="a" href={takenFrom(files.stl, guide)} download variant="default" size="xs" data-testid="download-stl">
          STL
        </Button>
        <Button component="a" href={takenFrom(files['3mf'], guide)} download variant="default" size="xs" data-testid="download-3mf">
          3MF
        </Button>
        <Button component="a" href={takenFrom(files.report, guide)} download variant="default" size="xs" data-testid="download-report">
          Report
        </Button>
      </Group>
    </>
  );
}
