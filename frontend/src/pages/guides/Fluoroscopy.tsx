import { Loader, Slider, Switch } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { type ReactNode, useEffect, useState } from 'react';

import { type CArm, useFluoroscopy } from '../../api/guides';
import type { Guide } from '../../api/types';
import { ErrorNote } from '../../components/ErrorNote';
import caseClasses from '../case/Case.module.css';
import classes from './Guides.module.css';

const MARKS = [
  { value: -90, label: 'right' },
  { value: 0, label: 'AP' },
  { value: 90, label: 'left' },
];

/** What a C-arm would show with guide and wires in place, from any angle. */
export function Fluoroscopy({ guide }: { guide: Guide }): ReactNode {
  const [arm, setArm] = useState<CArm>({ primary: 0, secondary: 0, guide: true, wires: true });
  const [asked] = useDebouncedValue(arm, 120);
  const film = useFluoroscopy(guide.id, asked);
  const url = useObjectUrl(film.data);
  const stale = film.isPlaceholderData || arm !== asked;
  return (
    <>
      <section className={`${caseClasses.pane} ${classes.stage}`} aria-label="Simulated fluoroscopy">
        <div className={classes.film} data-testid="fluoroscopy" data-ready={(url !== null && !stale) || undefined}>
          {url && (
            <img
              src={url}
              data-stale={stale || undefined}
              alt={`Simulated radiograph, C-arm at ${arm.primary} degrees${arm.secondary ? `, tilted ${arm.secondary} degrees` : ''}`}
            />
          )}
          {film.isFetching && <Loader size="sm" style={{ position: 'absolute', right: 14, top: 12 }} aria-label="The picture is being made" />}
        </div>
        <p className={caseClasses.windowValues}>Simulated from the bones; no soft tissue. Not for diagnosis.</p>
        {film.isError && (
          <div className={caseClasses.paneError}>
            <ErrorNote error={film.error} onRetry={() => void film.refetch()} />
          </div>
        )}
      </section>
      <div className={classes.arm}>
        <div className={classes.slider} style={{ flex: 1, minWidth: 220 }}>
          <span id="primary-label">C-arm</span>
          <Slider
            flex={1}
            mb={16}
            size="sm"
            min={-180}
            max={180}
            step={5}
            marks={MARKS}
            label={(value) => `${value}°`}
            value={arm.primary}
            onChange={(primary) => setArm({ ...arm, primary })}
            thumbProps={{ 'aria-labelledby': 'primary-label' }}
          />
          <span className="figures" data-testid="c-arm-angle" style={{ width: 42 }}>
            {arm.primary}°
          </span>
        </div>
        <div className={classes.slider}>
          <span id="secondary-label">Tilt</span>
          <Slider
            w={72}
            size="sm"
            min={-45}
            max={45}
            step={5}
            label={(value) => `${value}°`}
            value={arm.secondary}
            onChange={(secondary) => setArm({ ...arm, secondary })}
            thumbProps={{ 'aria-labelledby': 'secondary-label' }}
          />
        </div>
        <Switch size="xs" label="Guide" checked={arm.guide} onChange={(event) => setArm({ ...arm, guide: event.currentTarget.checked })} />
        <Switch size="xs" label="Wires" checked={arm.wires} onChange={(event) => setArm({ ...arm, wires: event.currentTarget.checked })} />
      </div>
    </>
  );
}

/** An address for a picture in memory, given back when another takes its place. */
function useObjectUrl(blob: Blob | undefined): string | null {
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    if (!blob) return undefined;
    const made = URL.createObjectURL(blob);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [blob]);
  return url;
}
