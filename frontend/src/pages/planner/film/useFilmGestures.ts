import { type PointerEvent, useRef } from 'react';

import type { FilmPointName } from '../../../domain/filmPoints';
import type { ScreenPoint } from '../../../domain/filmView';
import { type View, zoomAt } from '../../../domain/placement';
import { drag, type Window } from '../../../domain/windowing';

/** Screen pixels that a click may wander, and that a mark is taken hold of from. */
const STILL = 5;
const REACH = { mouse: 12, touch: 28 };

interface Acts {
  markAt: (at: ScreenPoint, reach: number) => FilmPointName | null;
  /** Where a mark is on the screen. */
  placeOf: (name: FilmPointName) => ScreenPoint;
  /** A press without a move, on a mark or beside all of them. */
  onClick: (at: ScreenPoint, mark: FilmPointName | null) => void;
  onMark: (name: FilmPointName, to: ScreenPoint, done: boolean) => void;
  view: View;
  onView: (view: View) => void;
  window: Window;
  onWindow: (window: Window) => void;
}

type Gesture =
  | { kind: 'mark'; name: FilmPointName; from: ScreenPoint; start: ScreenPoint; moved: boolean }
  | { kind: 'press'; from: ScreenPoint; start: View; moved: boolean }
  | { kind: 'window'; from: ScreenPoint; start: Window }
  | { kind: 'pinch'; apart: number; middle: ScreenPoint; start: View }
  | { kind: 'spent' };

/**
 * What fingers and mouse do on a film: a click places a point, on a mark too, for joint lines lie close together; a mark
 * is dragged by as much as the hand moves (a finger need not cover it), the picture is dragged where there is no mark, two fingers zoom, the right button or Shift
 * changes brightness and contrast.
 */
export function useFilmGestures(acts: Acts) {
  const down = useRef(new Map<number, ScreenPoint>());
  const gesture = useRef<Gesture>({ kind: 'spent' });

  const at = (event: PointerEvent<HTMLElement>): ScreenPoint => {
    const box = event.currentTarget.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const pinch = (): Gesture | null => {
    const [one, two] = [...down.current.values()];
    if (!one || !two) return null;
    return { kind: 'pinch', apart: Math.hypot(one.x - two.x, one.y - two.y), middle: { x: (one.x + two.x) / 2, y: (one.y + two.y) / 2 }, start: acts.view };
  };

  const onPointerDown = (event: PointerEvent<HTMLElement>): void => {
    if ((event.target as Element).closest('button')) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    const from = at(event);
    down.current.set(event.pointerId, from);
    const two = pinch();
    if (two) {
      // A mark that the first finger held stays where that finger had brought it.
      settle(from);
      gesture.current = two;
      return;
    }
    const name = event.button === 0 ? acts.markAt(from, event.pointerType === 'mouse' ? REACH.mouse : REACH.touch) : null;
    if (event.shiftKey || event.button === 2) gesture.current = { kind: 'window', from, start: acts.window };
    else if (name) gesture.current = { kind: 'mark', name, from, start: acts.placeOf(name), moved: false };
    else gesture.current = { kind: 'press', from, start: acts.view, moved: event.button !== 0 };
  };

  const onPointerMove = (event: PointerEvent<HTMLElement>): void => {
    if (!down.current.has(event.pointerId)) return;
    const to = at(event);
    down.current.set(event.pointerId, to);
    const now = gesture.current;
    if (now.kind === 'pinch') {
      const next = pinch();
      if (next?.kind !== 'pinch') return;
      const box = event.currentTarget.getBoundingClientRect();
      const zoomed = zoomAt(now.start, { width: box.width, height: box.height }, now.middle, next.apart / Math.max(now.apart, 1));
      acts.onView({ zoom: zoomed.zoom, x: zoomed.x + next.middle.x - now.middle.x, y: zoomed.y + next.middle.y - now.middle.y });
      return;
    }
    if (now.kind === 'spent') return;
    const [dx, dy] = [to.x - now.from.x, to.y - now.from.y];
    if (now.kind === 'window') acts.onWindow(drag(now.start, dx, dy));
    else {
      now.moved ||= Math.hypot(dx, dy) > STILL;
      if (!now.moved) return;
      if (now.kind === 'mark') acts.onMark(now.name, { x: now.start.x + dx, y: now.start.y + dy }, false);
      else acts.onView({ zoom: now.start.zoom, x: now.start.x + dx, y: now.start.y + dy });
    }
  };

  const settle = (to: ScreenPoint): void => {
    const now = gesture.current;
    if (now.kind === 'mark' && now.moved) acts.onMark(now.name, { x: now.start.x + to.x - now.from.x, y: now.start.y + to.y - now.from.y }, true);
    gesture.current = { kind: 'spent' };
  };

  const onPointerUp = (event: PointerEvent<HTMLElement>): void => {
    if (!down.current.delete(event.pointerId)) return;
    const now = gesture.current;
    const to = at(event);
    if ((now.kind === 'press' || now.kind === 'mark') && !now.moved) acts.onClick(to, now.kind === 'mark' ? now.name : null);
    settle(to);
  };

  const onPointerCancel = (event: PointerEvent<HTMLElement>): void => {
    down.current.delete(event.pointerId);
    const now = gesture.current;
    settle(now.kind === 'mark' ? now.from : { x: 0, y: 0 });
  };

  return { onPointerDown, onPointerMove, onPointerUp, onPointerCancel };
}
