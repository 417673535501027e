import { useCallback, useState } from 'react';

import type { Guide } from '../../api/types';
import { begin, type History, redo, step, undo } from '../../domain/history';
import { paintedOver, type Stroke, strokesOf } from '../../domain/painting';

export interface Painting {
  strokes: Stroke[];
  canUndo: boolean;
  canRedo: boolean;
  draw: (drawn: Stroke[]) => void;
  clear: () => void;
  undo: () => void;
  redo: () => void;
}

/** What is painted for the next design; it begins with what the design on the screen was painted with. */
export function usePainting(guide: Guide | null): Painting {
  const id = guide?.id ?? null;
  const [of, setOf] = useState(id);
  const [history, setHistory] = useState<History<Stroke[]>>(() => begin(strokesOf(guide)));
  if (of !== id) {
    setOf(id);
    setHistory(begin(strokesOf(guide)));
  }
  // The scene holds on to it.
  const draw = useCallback((drawn: Stroke[]) => setHistory((now) => step(now, paintedOver(now.present, drawn))), []);
  return {
    strokes: history.present,
    canUndo: history.past.length > 0,
    canRedo: history.future.length > 0,
    draw,
    clear: () => setHistory((now) => step(now, [])),
    undo: () => setHistory(undo),
    redo: () => setHistory(redo),
  };
}
