import { Button, Text } from '@mantine/core';
import { FilePlus2, ScanLine } from 'lucide-react';
import type { ReactNode } from 'react';

import classes from './Worklist.module.css';

interface Props {
  sought: string;
  mayCreate: boolean;
  onBegin: () => void;
  onClear: () => void;
}

/** An empty list says how to begin, or why it is empty. */
export function EmptyWorklist({ sought, mayCreate, onBegin, onClear }: Props): ReactNode {
  if (sought !== '') {
    return (
      <div className={classes.empty} data-testid="nothing-found">
        <Text fw={550}>No case matches “{sought}”</Text>
        <Button variant="default" onClick={onClear}>
          Show all cases
        </Button>
      </div>
    );
  }
  return (
    <div className={classes.empty} data-testid="empty-worklist">
      <ScanLine size={40} strokeWidth={1.2} aria-hidden />
      <Text fw={600} size="lg">
        No cases yet
      </Text>
      {mayCreate ? (
        <>
          <Text c="dimmed" ta="center" maw={420}>
            Drop the AP and the lateral X-ray of a knee (DICOM) anywhere on this page, or begin with an empty case and add
            the images later.
          </Text>
          <Button leftSection={<FilePlus2 size={16} />} onClick={onBegin}>
            New case
          </Button>
        </>
      ) : (
        <Text c="dimmed" ta="center" maw={420}>
          Cases appear here as soon as a surgeon of your site begins one.
        </Text>
      )}
    </div>
  );
}
