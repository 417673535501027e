import type { Vector3 } from 'three';

import { viewDirection } from '../views';

/** The four linked views of a plan. */
export const PANES = ['frontal', 'sagittal', 'axial', 'space'] as const;
export type PaneName = (typeof PANES)[number];

/** From the bones to the camera, unit, patient LPS. */
export function paneDirection(pane: PaneName, side: 'L' | 'R'): Vector3 {
  switch (pane) {
    case 'frontal':
      return viewDirection('anterior', side);
    case 'sagittal':
      return viewDirection('medial', side);
    case 'axial':
      return viewDirection('superior', side);
    case 'space':
      return viewDirection('anterior', side).multiplyScalar(1.6).add(viewDirection('medial', side)).setZ(0.45).normalize();
  }
}

/**
 * Objects on the first layer are in every view; the axial view looks onto the cut and leaves out what lies above. A turn
 * within the cut is seen from above and from anywhere, and not along or across the cut.
 */
export const LAYERS = { everywhere: 0, notAxial: 1, axialOnly: 2, turns: 3 } as const;
export const TURNING_PANES: readonly PaneName[] = ['axial', 'space'];
