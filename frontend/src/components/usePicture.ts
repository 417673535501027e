import { type RefObject, useEffect, useMemo, useRef, useState } from 'react';

import { place, type Placement, type View, WHOLE, zoomAt } from '../domain/placement';
import type { Window } from '../domain/windowing';
import { XrayScene } from '../scene/xray';
import { useScene } from './useScene';

const createScene = (canvas: HTMLCanvasElement): XrayScene => new XrayScene(canvas);

interface Picture {
  /** Of what surrounds the picture and takes the wheel. */
  pane: RefObject<HTMLDivElement | null>;
  /** Of what the picture is drawn into. */
  host: ReturnType<typeof useScene<XrayScene>>['ref'];
  drawn: boolean;
  failed: boolean;
  width: number;
  height: number;
  window: Window;
  setWindow: (next: Window | ((now: Window) => Window)) => void;
  inverted: boolean;
  setInverted: (next: boolean | ((now: boolean) => boolean)) => void;
  view: View;
  setView: (next: View | ((now: View) => View)) => void;
  placement: Placement;
  reset: () => void;
}

/** A grey picture in a pane: how bright it is, inverted or not, and where it lies; the wheel zooms about the pointer. */
export function usePicture(pixels: Parameters<XrayScene['setImage']>[0] | undefined, columns: number, rows: number, usual: Window): Picture {
  const { ref: host, scene, width, height, failed } = useScene(createScene);
  const [window, setWindow] = useState<Window>(usual);
  const [inverted, setInverted] = useState(false);
  const [view, setView] = useState<View>(WHOLE);
  const pane = useRef<HTMLDivElement>(null);

  const placement = useMemo(
    () => place({ width: columns, height: rows }, { width: width || 1, height: height || 1 }, view),
    [columns, rows, width, height, view],
  );
  useEffect(() => {
    if (scene && pixels) scene.setImage(pixels, columns, rows);
  }, [scene, pixels, columns, rows]);
  useEffect(() => scene?.setWindow(window), [scene, window]);
  useEffect(() => scene?.setInverted(inverted), [scene, inverted]);
  useEffect(() => scene?.setPlacement(placement), [scene, placement]);

  useEffect(() => {
    const element = pane.current;
    if (!element) return undefined;
    // React attaches wheel listeners as passive; nothing must scroll under the zoom.
    const zoom = (event: WheelEvent): void => {
      event.preventDefault();
      const box = element.getBoundingClientRect();
      const pointer = { x: event.clientX - box.left, y: event.clientY - box.top };
      setView((now) => zoomAt(now, { width: box.width, height: box.height }, pointer, Math.exp(-event.deltaY / 400)));
    };
    element.addEventListener('wheel', zoom, { passive: false });
    return () => element.removeEventListener('wheel', zoom);
  }, []);

  const reset = (): void => {
    setWindow(usual);
    setView(WHOLE);
    setInverted(false);
  };
  return { pane, host, drawn: scene !== null, failed, width, height, window, setWindow, inverted, setInverted, view, setView, placement, reset };
}
