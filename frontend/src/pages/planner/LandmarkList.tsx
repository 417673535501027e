import { ActionIcon, Button, Tooltip } from '@mantine/core';
import { RotateCcw } from 'lucide-react';
import { type KeyboardEvent, memo, type ReactNode, useState } from 'react';

import { landmarkLabel } from '../../domain/leg';
import { number, quantity } from '../../domain/format';
import { clampSlope } from '../../domain/hingeAxis';
import type { PlanDocument, Point } from '../../domain/plan';
import { type PlanState, withCut, withLandmark, withoutLandmark } from '../../domain/planRequest';
import type { Planner } from '../case/usePlanner';
import classes from './Planner.module.css';

const PROVENANCE: Record<string, string> = { auto: 'found', edited: 'edited', imputed: 'estimated', measured: 'from the film' };

/** Millimetres a key moves a landmark: left and right, up and down, forwards and back. */
const STEPS: Record<string, Point> = {
  ArrowLeft: [-0.5, 0, 0],
  ArrowRight: [0.5, 0, 0],
  ArrowUp: [0, 0, 0.5],
  ArrowDown: [0, 0, -0.5],
  PageUp: [0, -0.5, 0],
  PageDown: [0, 0.5, 0],
};

interface Props {
  document: PlanDocument;
  landmarks: PlanState['landmarks'];
  cut: PlanState['cut'];
  slopeChange: number;
  mayPlan: boolean;
  onSet: Planner['set'];
}

/** Landmarks and cut with how each came about; keys move what is in focus, and each can be put back. */
export const LandmarkList = memo(function LandmarkList({ document, landmarks, cut, slopeChange, mayPlan, onSet }: Props): ReactNode {
  const [open, setOpen] = useState(false);
  const { start_point: start, hinge_point: hinge } = document.osteotomy;
  const edited = Object.keys(landmarks);
  const turned = slopeChange !== 0;
  const count = edited.length + (cut ? 1 : 0) + (turned ? 1 : 0);
  const shown = open ? Object.keys(document.landmarks) : edited;

  const moveMark = (name: string, by: Point): void =>
    onSet((now) => withLandmark(now, name, sum(now.landmarks[name] ?? document.landmarks[name]?.position ?? [0, 0, 0], by)), true);
  const moveCut = (which: 'start_point' | 'hinge_point', by: Point): void =>
    onSet((now) => {
      const from = now.cut ?? { start_point: start, hinge_point: hinge };
      return withCut(now, { ...from, [which]: sum(from[which], by) });
    }, true);

  return (
    <section aria-label="Landmarks and cut" data-testid="landmarks">
      <div className={classes.listHead}>
        <h3>Landmarks and cut{count > 0 && <span className="dim"> · {count} edited</span>}</h3>
        {mayPlan && (
          <Button variant="subtle" color="gray" size="compact-xs" aria-expanded={open} onClick={() => setOpen(!open)} data-testid="landmarks-open">
            {open ? 'Only edited' : 'All'}
          </Button>
        )}
      </div>
      {open && <p className={classes.hint}>Drag them on the bone, or move the one in focus: arrows sideways and up, Page up and down forwards and back.</p>}
      <ul className={classes.landmarks}>
        {(open || cut) && (
          <>
            <Entry label="Start of the cut" place={start} provenance={cut ? 'edited' : 'auto'} name="cut:start" onMove={(by) => moveCut('start_point', by)} onReset={cut ? () => onSet((now) => withCut(now, null), true) : null} />
            <Entry label="Hinge" place={hinge} provenance={cut ? 'edited' : 'auto'} name="cut:hinge" onMove={(by) => moveCut('hinge_point', by)} onReset={null} />
          </>
        )}
        {(open || turned) && <Axis slope={slopeChange} onTurn={(by) => onSet((now) => ({ ...now, slopeChange: by === null ? 0 : clampSlope(now.slopeChange + by) }), true)} />}
        {shown.map((name) => {
          const mark = document.landmarks[name];
          if (!mark) return null;
          const moved = name in landmarks;
          return (
            <Entry
              key={name}
              name={name}
              label={landmarkLabel(name)}
              place={landmarks[name] ?? mark.position}
              provenance={moved ? 'edited' : mark.provenance}
              onMove={(by) => moveMark(name, by)}
              onReset={moved && mayPlan ? () => onSet((now) => withoutLandmark(now, name), true) : null}
            />
          );
        })}
      </ul>
    </section>
  );
});

/** Degrees of slope that a key asks for; they turn the hinge axis. */
const TURNS: Record<string, number> = { ArrowLeft: -0.5, ArrowDown: -0.5, ArrowRight: 0.5, ArrowUp: 0.5 };

/** The hinge axis: keys turn it within the cut by the slope that is asked for; null takes the wish back. */
function Axis({ slope, onTurn }: { slope: number; onTurn: (by: number | null) => void }): ReactNode {
  const key = (event: KeyboardEvent): void => {
    const by = TURNS[event.key];
    if (by === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    onTurn(by);
  };
  return (
    <li data-provenance={slope === 0 ? 'auto' : 'edited'} data-testid="landmark-cut:axis">
      <button type="button" className={classes.mark} onKeyDown={key} aria-label="Hinge axis: arrow keys turn it, right and up for more slope">
        Hinge axis
      </button>
      <span className={`figures ${classes.place}`}>
        slope {slope > 0 ? '+' : ''}
        {quantity(slope, 'deg')}
      </span>
      <span className={classes.origin}>{slope === 0 ? 'found' : 'edited'}</span>
      {slope === 0 ? (
        <span />
      ) : (
        <Tooltip label="Back to the slope as it is">
          <ActionIcon size="xs" variant="subtle" color="gray" aria-label="Put Hinge axis back" onClick={() => onTurn(null)} data-testid="reset-cut:axis">
            <RotateCcw size={12} />
          </ActionIcon>
        </Tooltip>
      )}
    </li>
  );
}

interface EntryProps {
  name: string;
  label: string;
  place: Point;
  provenance: string;
  onMove: (by: Point) => void;
  onReset: (() => void) | null;
}

function Entry({ name, label, place, provenance, onMove, onReset }: EntryProps): ReactNode {
  const key = (event: KeyboardEvent): void => {
    const by = STEPS[event.key];
    if (!by || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    onMove(by);
  };
  return (
    <li data-provenance={provenance} data-testid={`landmark-${name}`}>
      <button type="button" className={classes.mark} onKeyDown={key} aria-label={`${label}: arrow keys move it`}>
        {label}
      </button>
      <span className={`figures ${classes.place}`}>{place.map((x) => number(x)).join('  ')}</span>
      <span className={classes.origin}>{PROVENANCE[provenance] ?? provenance}</span>
      {onReset ? (
        <Tooltip label="Back to where it was found">
          <ActionIcon size="xs" variant="subtle" color="gray" aria-label={`Put ${label} back`} onClick={onReset} data-testid={`reset-${name}`}>
            <RotateCcw size={12} />
          </ActionIcon>
        </Tooltip>
      ) : (
        <span />
      )}
    </li>
  );
}

function sum(place: Point, by: Point): Point {
  return place.map((x, i) => x + (by[i] ?? 0));
}
