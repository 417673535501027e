import { Button } from '@mantine/core';
import { Ruler } from 'lucide-react';
import type { ReactNode } from 'react';

import { useCase } from '../../../api/queries';
import { useThisPlanner } from '../../case/usePlanner';
import classes from '../Planner.module.css';

/** Where the angles of the film come from, and the way to measure them. */
export function FilmField({ onOpen }: { onOpen: () => void }): ReactNode {
  const planner = useThisPlanner();
  const { data: detail } = useCase(planner.caseId);
  const { filmReading, longFilmHka, longFilmJlca } = planner.state;
  const typed = longFilmHka !== null || longFilmJlca !== null;
  const by = planner.document?.long_film?.reading?.read_by ?? detail?.film_reading?.person;
  return (
    <div className={classes.field}>
      <span className={classes.filmSource} data-testid="film-source">
        {filmReading ? `Measured${by ? ` by ${by}` : ''}` : typed ? 'Typed' : 'Not read yet'}
      </span>
      <Button flex="none" variant="default" size="compact-xs" leftSection={<Ruler size={13} />} onClick={onOpen} data-testid="film-open">
        {detail?.leg_film ? 'Measure' : 'Add a film'}
      </Button>
    </div>
  );
}
