/** The six standard views, as the direction from the bones to the camera in patient LPS. */
import { Vector3 } from 'three';

export const VIEWS = ['anterior', 'posterior', 'medial', 'lateral', 'superior', 'inferior'] as const;
export type ViewName = (typeof VIEWS)[number];

/** Off the pole by this much, so that looking along the leg keeps the front of the knee on top. */
const OFF_POLE = 1e-3;

export function viewDirection(view: ViewName, side: 'L' | 'R'): Vector3 {
  const lateral = side === 'L' ? 1 : -1;
  switch (view) {
    case 'anterior':
      return new Vector3(0, -1, 0);
    case 'posterior':
      return new Vector3(0, 1, 0);
    case 'medial':
      return new Vector3(-lateral, 0, 0);
    case 'lateral':
      return new Vector3(lateral, 0, 0);
    case 'superior':
      return new Vector3(0, OFF_POLE, 1).normalize();
    case 'inferior':
      return new Vector3(0, -OFF_POLE, -1).normalize();
  }
}
