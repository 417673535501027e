/** Between the pixels of a film and the screen; a pixel that is shown may stand for several of the film. */
import type { FilmPlace, FilmPointName, FilmPoints } from './filmPoints';
import type { Placement, Size, View } from './placement';

export interface ScreenPoint {
  readonly x: number;
  readonly y: number;
}

export function toScreen([column, row]: FilmPlace, { scale, left, top }: Placement, reduction: number): ScreenPoint {
  const shown = (x: number): number => (x + 0.5) / reduction - 0.5;
  return { x: left + shown(column) * scale, y: top + shown(row) * scale };
}

export function toFilm({ x, y }: ScreenPoint, { scale, left, top }: Placement, reduction: number): FilmPlace {
  const own = (shown: number): number => (shown + 0.5) * reduction - 0.5;
  return [own((x - left) / scale), own((y - top) / scale)];
}

/** The mark that a pointer takes hold of: the nearest within reach, in screen pixels. */
export function markAt(
  points: FilmPoints,
  pointer: ScreenPoint,
  placement: Placement,
  reduction: number,
  reach: number,
): FilmPointName | null {
  let best: { name: FilmPointName; away: number } | null = null;
  for (const [name, place] of Object.entries(points) as [FilmPointName, FilmPlace][]) {
    const { x, y } = toScreen(place, placement, reduction);
    const away = Math.hypot(x - pointer.x, y - pointer.y);
    if (away <= reach && (best === null || away < best.away)) best = { name, away };
  }
  return best?.name ?? null;
}

/** The view with a place of the film in the middle of the pane, at least so much enlarged. */
export function viewAt(view: View, place: ScreenPoint, pane: Size, zoom: number): View {
  const wanted = Math.max(view.zoom, zoom);
  const ratio = wanted / view.zoom;
  return {
    zoom: wanted,
    x: (view.x + pane.width / 2 - place.x) * ratio,
    y: (view.y + pane.height / 2 - place.y) * ratio,
  };
}
