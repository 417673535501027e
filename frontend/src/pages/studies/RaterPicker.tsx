import { Checkbox, SimpleGrid } from '@mantine/core';
import type { ReactNode } from 'react';

import type { RaterCandidate } from '../../api/studies';
import classes from './Studies.module.css';

interface Props {
  candidates: readonly RaterCandidate[];
  value: readonly string[];
  onChange: (value: string[]) => void;
}

/** People with the role of a rater; whoever has another role at the site could look cases up. */
export function RaterPicker({ candidates, value, onChange }: Props): ReactNode {
  if (candidates.length === 0) {
    return (
      <p className={classes.note} data-testid="no-raters">
        There is nobody left to choose. An administrator makes people raters; they may have no other role at this site.
      </p>
    );
  }
  return (
    <Checkbox.Group value={[...value]} onChange={onChange} label={`${value.length} of ${candidates.length} raters chosen`}>
      <SimpleGrid cols={{ base: 1, sm: 2 }} mt="sm" spacing="xs">
        {candidates.map((one) => (
          <Checkbox key={one.id} value={one.id} label={one.name} data-testid={`pick-${one.name}`} />
        ))}
      </SimpleGrid>
    </Checkbox.Group>
  );
}
