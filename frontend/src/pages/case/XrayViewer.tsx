import { ActionIcon, Tooltip } from '@mantine/core';
import { Contrast, RotateCcw } from 'lucide-react';
import { type KeyboardEvent, type PointerEvent, type ReactNode, useMemo, useRef } from 'react';

import { usePixels } from '../../api/queries';
import type { XrayImage } from '../../api/types';
import { ErrorNote } from '../../components/ErrorNote';
import { usePicture } from '../../components/usePicture';
import { BONE_COLOURS, type BoneName, isBone } from '../../domain/bones';
import { type View, WHOLE, zoomAt } from '../../domain/placement';
import { drag, sameWindow, type Window } from '../../domain/windowing';
import classes from './Case.module.css';

const VIEW_LABELS = { ap: 'AP', lateral: 'Lateral' } as const;

interface Props {
  image: XrayImage;
  outlines: Record<string, number[][][]> | undefined;
  outlineOpacity: number;
  hidden: ReadonlySet<BoneName>;
  children?: ReactNode;
}

type Gesture = { x: number; y: number } & ({ kind: 'window'; start: Window } | { kind: 'move'; start: View });

/** One X-ray: window and level by drag, zoom, and the outlines of the bones over it. */
export function XrayViewer({ image, outlines, outlineOpacity, hidden, children }: Props): ReactNode {
  const pixels = usePixels(image);
  const { pane, host, drawn, failed, width, height, window, setWindow, inverted, setInverted, view, setView, placement, reset } = usePicture(
    pixels.data,
    image.columns,
    image.rows,
    image.window,
  );
  const gesture = useRef<Gesture | null>(null);

  const down = (event: PointerEvent<HTMLDivElement>): void => {
    if ((event.target as Element).closest('button, a, input')) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    const at = { x: event.clientX, y: event.clientY };
    gesture.current =
      event.shiftKey || event.button !== 0 ? { ...at, kind: 'move', start: view } : { ...at, kind: 'window', start: window };
  };
  const move = (event: PointerEvent<HTMLDivElement>): void => {
    const now = gesture.current;
    if (!now) return;
    const [dx, dy] = [event.clientX - now.x, event.clientY - now.y];
    if (now.kind === 'window') setWindow(drag(now.start, dx, dy));
    else setView({ zoom: now.start.zoom, x: now.start.x + dx, y: now.start.y + dy });
  };
  const up = (): void => {
    gesture.current = null;
  };

  const key = (event: KeyboardEvent<HTMLDivElement>): void => {
    const centre = { x: width / 2, y: height / 2 };
    const acts: Record<string, () => void> = {
      ArrowRight: () => setWindow((now) => drag(now, 12, 0)),
      ArrowLeft: () => setWindow((now) => drag(now, -12, 0)),
      ArrowUp: () => setWindow((now) => drag(now, 0, -12)),
      ArrowDown: () => setWindow((now) => drag(now, 0, 12)),
      '+': () => setView((now) => zoomAt(now, { width, height }, centre, 1.25)),
      '=': () => setView((now) => zoomAt(now, { width, height }, centre, 1.25)),
      '-': () => setView((now) => zoomAt(now, { width, height }, centre, 0.8)),
      i: () => setInverted((now) => !now),
      Home: reset,
    };
    const act = acts[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    act();
    event.preventDefault();
  };

  const label = VIEW_LABELS[image.view];
  const changed = !sameWindow(window, image.window) || view !== WHOLE || inverted;
  return (
    <div
      ref={pane}
      className={classes.viewport}
      role="application"
      aria-roledescription="X-ray"
      aria-label={`${label} X-ray. Arrow keys change brightness and contrast, plus and minus zoom, I inverts, Home resets.`}
      tabIndex={0}
      onPointerDown={down}
      onPointerMove={move}
      onPointerUp={up}
      onPointerCancel={up}
      onDoubleClick={reset}
      onContextMenu={(event) => event.preventDefault()}
      onKeyDown={key}
      data-testid={`xray-${image.view}`}
      data-ready={(drawn && pixels.isSuccess) || undefined}
    >
      <div ref={host} className={classes.canvasHost} />
      <svg className={classes.overlay} aria-hidden style={{ opacity: outlineOpacity }} data-testid={`outlines-${image.view}`}>
        <g transform={`translate(${placement.left} ${placement.top}) scale(${placement.scale})`}>
          {outlines &&
            Object.entries(outlines).map(([bone, lines]) =>
              isBone(bone) && !hidden.has(bone) ? (
                <Outline key={bone} lines={lines} colour={BONE_COLOURS[bone]} />
              ) : null,
            )}
        </g>
      </svg>
      {pixels.isPending && <div className={classes.waiting}>Loading the image …</div>}
      {(pixels.isError || failed) && (
        <div className={classes.paneError}>
          <ErrorNote
            error={pixels.error ?? new Error('This browser cannot draw the image (WebGL 2 is missing or switched off).')}
            {...(pixels.isError ? { onRetry: () => void pixels.refetch() } : {})}
          />
        </div>
      )}
      <span className={classes.viewName}>{label}</span>
      <div className={classes.paneTools}>
        {children}
        <Tooltip label="Invert (I)">
          <ActionIcon variant="subtle" color="gray" aria-label="Invert" aria-pressed={inverted} onClick={() => setInverted(!inverted)}>
            <Contrast size={16} />
          </ActionIcon>
        </Tooltip>
        <Tooltip label="Start over (double-click)">
          <ActionIcon variant="subtle" color="gray" aria-label="Reset window and zoom" disabled={!changed} onClick={reset}>
            <RotateCcw size={16} />
          </ActionIcon>
        </Tooltip>
      </div>
      <span className={`${classes.windowValues} figures`} data-testid={`window-${image.view}`}>
        L {Math.round(window.center)} · W {Math.round(window.width)}
        {view.zoom > 1 && ` · ${view.zoom.toFixed(1)}×`}
      </span>
    </div>
  );
}

function Outline({ lines, colour }: { lines: number[][][]; colour: string }): ReactNode {
  const path = useMemo(
    () => lines.map((line) => `M${line.map(([column = 0, row = 0]) => `${column.toFixed(1)} ${row.toFixed(1)}`).join('L')}`).join(''),
    [lines],
  );
  return (
    <>
      <path d={path} fill="none" stroke="#000" strokeOpacity={0.35} strokeWidth={2.8} vectorEffect="non-scaling-stroke" />
      <path d={path} fill="none" stroke={colour} strokeWidth={1.5} vectorEffect="non-scaling-stroke" strokeLinejoin="round" />
    </>
  );
}
