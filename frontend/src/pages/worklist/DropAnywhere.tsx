import { ScanLine } from 'lucide-react';
import { type ReactNode, useEffect, useRef, useState } from 'react';

import classes from './Worklist.module.css';

interface Props {
  enabled: boolean;
  onFiles: (files: File[]) => void;
}

function carriesFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes('Files') ?? false;
}

/** The whole window takes files. */
export function DropAnywhere({ enabled, onFiles }: Props): ReactNode {
  const [over, setOver] = useState(false);
  // Entering a child fires before leaving its parent, so the two are counted.
  const depth = useRef(0);

  useEffect(() => {
    if (!enabled) return undefined;
    const enter = (event: DragEvent): void => {
      if (!carriesFiles(event)) return;
      depth.current++;
      setOver(true);
    };
    const leave = (event: DragEvent): void => {
      if (!carriesFiles(event)) return;
      depth.current = Math.max(0, depth.current - 1);
      if (depth.current === 0) setOver(false);
    };
    const allow = (event: DragEvent): void => {
      if (carriesFiles(event)) event.preventDefault();
    };
    const drop = (event: DragEvent): void => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      depth.current = 0;
      setOver(false);
      onFiles([...(event.dataTransfer?.files ?? [])]);
    };
    window.addEventListener('dragenter', enter);
    window.addEventListener('dragleave', leave);
    window.addEventListener('dragover', allow);
    window.addEventListener('drop', drop);
    return () => {
      window.removeEventListener('dragenter', enter);
      window.removeEventListener('dragleave', leave);
      window.removeEventListener('dragover', allow);
      window.removeEventListener('drop', drop);
      depth.current = 0;
      setOver(false);
    };
  }, [enabled, onFiles]);

  if (!over) return null;
  return (
    <div className={classes.drop} aria-hidden>
      <div className={classes.dropCard}>
        <ScanLine size={36} strokeWidth={1.3} />
        Drop the X-rays to start a case
      </div>
    </div>
  );
}
