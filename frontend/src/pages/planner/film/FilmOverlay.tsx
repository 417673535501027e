import type { ReactNode } from 'react';

import type { LegFilm } from '../../../api/types';
import { filmLines } from '../../../domain/filmAngles';
import { FILM_POINTS, type FilmPlace, type FilmPointName, type FilmPoints } from '../../../domain/filmPoints';
import type { ScreenPoint } from '../../../domain/filmView';
import caseClasses from '../../case/Case.module.css';
import classes from './Film.module.css';

interface Props {
  points: FilmPoints;
  chosen: FilmPointName;
  film: LegFilm;
  screen: (place: FilmPlace) => ScreenPoint;
}

/** Marks, circle of the head, axes and joint lines over the film. */
export function FilmOverlay({ points, chosen, film, screen }: Props): ReactNode {
  const { head, femur, tibia } = filmLines(points, film.pixel_spacing);
  const centre = head && screen(head.centre);
  const edge = head && screen([head.centre[0] + head.radii[0], head.centre[1] + head.radii[1]]);
  return (
    <svg className={caseClasses.overlay} aria-hidden data-testid="film-marks">
      {centre && edge && <ellipse className={classes.line} cx={centre.x} cy={centre.y} rx={edge.x - centre.x} ry={edge.y - centre.y} />}
      {centre && <circle className={classes.centre} cx={centre.x} cy={centre.y} r={2.5} />}
      {femur && <Line from={screen(femur[0])} to={screen(femur[1])} />}
      {tibia && <Line from={screen(tibia[0])} to={screen(tibia[1])} />}
      <Joint medial={points.femur_medial_distal} lateral={points.femur_lateral_distal} screen={screen} />
      <Joint medial={points.plateau_medial} lateral={points.plateau_lateral} screen={screen} />
      {FILM_POINTS.map(({ name }) => {
        const place = points[name];
        return place && <Mark key={name} name={name} at={screen(place)} chosen={name === chosen} />;
      })}
    </svg>
  );
}

function Line({ from, to }: { from: ScreenPoint; to: ScreenPoint }): ReactNode {
  return <line className={classes.line} x1={from.x} y1={from.y} x2={to.x} y2={to.y} />;
}

/** A joint line, drawn a little beyond both points. */
function Joint({ medial, lateral, screen }: { medial: FilmPlace | undefined; lateral: FilmPlace | undefined } & Pick<Props, 'screen'>): ReactNode {
  if (!medial || !lateral) return null;
  const [a, b] = [screen(medial), screen(lateral)];
  const [dx, dy] = [0.35 * (a.x - b.x), 0.35 * (a.y - b.y)];
  return <Line from={{ x: a.x + dx, y: a.y + dy }} to={{ x: b.x - dx, y: b.y - dy }} />;
}

/** A ring with a gap for the place itself, which stays in sight. */
function Mark({ name, at: { x, y }, chosen }: { name: FilmPointName; at: ScreenPoint; chosen: boolean }): ReactNode {
  const radius = chosen ? 9 : 6;
  const arms = [[-1, 0], [1, 0], [0, -1], [0, 1]] as const;
  return (
    <g className={classes.mark} data-chosen={chosen || undefined} data-testid={`film-mark-${name}`} transform={`translate(${x} ${y})`}>
      <circle className={classes.halo} r={radius} />
      <circle r={radius} />
      {arms.map(([ax, ay]) => (
        <line key={`${ax} ${ay}`} x1={ax * 2} y1={ay * 2} x2={ax * radius} y2={ay * radius} />
      ))}
    </g>
  );
}
