import { Group, Vector3 } from 'three';
import { LineMaterial } from 'three/examples/jsm/lines/LineMaterial.js';
import { LineSegments2 } from 'three/examples/jsm/lines/LineSegments2.js';
import { LineSegmentsGeometry } from 'three/examples/jsm/lines/LineSegmentsGeometry.js';

import { crossing, legLines } from '../../domain/leg';
import type { PlanDocument } from '../../domain/plan';
import { wedgeMotion } from '../../domain/wedge';
import { LAYERS } from './panes';

const COLOURS = { axis: '#a9b5bf', load: '#6fc6d8', before: '#6b7680', cut: '#6fc6d8' } as const;
/** How far the hinge axis is drawn to either side of the hinge, mm. */
const HINGE_HALF_MM = 32;

/** Lines over the bones: axes of the leg, the weight-bearing line, the cut, its hinge and its opening. */
export class PlanLines {
  readonly group = new Group();
  /** Where the weight-bearing line crosses the plateau. */
  loadPoint: Vector3 | null = null;
  /** The middle of the opening at the cortex, and the hinge: the opening is labelled away from it. */
  gap: { middle: Vector3; hinge: Vector3 } | null = null;

  private readonly axes = stroke(COLOURS.axis, 1);
  private readonly before = stroke(COLOURS.before, 1);
  private readonly load = stroke(COLOURS.load, 2);
  private readonly cut = stroke(COLOURS.cut, 2);

  constructor() {
    this.group.add(this.axes, this.before, this.load, this.cut);
    // Seen along the leg, its axes are next to points.
    for (const line of [this.axes, this.before, this.load]) line.layers.set(LAYERS.notAxial);
  }

  set(plan: PlanDocument | null, degrees: number, after: boolean, shown: boolean): void {
    this.loadPoint = null;
    this.gap = null;
    this.group.visible = plan !== null && shown;
    if (!plan) return;
    this.setLeg(plan, degrees, after);
    this.setCut(plan, degrees, after);
  }

  dispose(): void {
    for (const line of [this.axes, this.before, this.load, this.cut]) {
      line.geometry.dispose();
      line.material.dispose();
    }
  }

  private setLeg(plan: PlanDocument, degrees: number, after: boolean): void {
    const leg = legLines(plan, degrees);
    for (const line of [this.axes, this.before, this.load]) line.visible = leg !== null;
    if (!leg) return;
    const [hip, ankle] = after ? [leg.hip[1], leg.ankle[1]] : [leg.hip[0], leg.ankle[0]];
    draw(this.axes, [hip, leg.femoralKnee, leg.tibialKnee, ankle, leg.plateau[0], leg.plateau[1]]);
    draw(this.load, [hip, ankle]);
    this.before.visible = after;
    draw(this.before, [leg.hip[0], leg.ankle[0]]);
    this.loadPoint = leg.plateau[0].clone().lerp(leg.plateau[1], crossing(hip, ankle, leg.plateau));
  }

  private setCut(plan: PlanDocument, degrees: number, after: boolean): void {
    const { osteotomy } = plan;
    const hinge = new Vector3().fromArray(osteotomy.hinge_point);
    const axis = new Vector3().fromArray(osteotomy.hinge_axis).normalize();
    const start = new Vector3().fromArray(osteotomy.start_point);
    const ends = [start, hinge, hinge.clone().addScaledVector(axis, -HINGE_HALF_MM), hinge.clone().addScaledVector(axis, HINGE_HALF_MM)];
    const closing = osteotomy.kind === 'lateral_closing_wedge';
    // An opening shows where the start goes; a closing wedge, before it is closed, where its lower cut begins.
    const moved = start.clone().applyMatrix4(wedgeMotion(osteotomy, closing ? -degrees : degrees));
    if (after !== closing) ends.push(start, moved, hinge, moved);
    draw(this.cut, ends);
    if (degrees > 0 && after !== closing) this.gap = { middle: start.clone().lerp(moved, 0.5), hinge };
  }
}

function stroke(color: string, linewidth: number): LineSegments2 {
  // Over the bones, as a drawing on a film is.
  const material = new LineMaterial({ color, linewidth, worldUnits: false, depthTest: false, transparent: true });
  const line = new LineSegments2(new LineSegmentsGeometry(), material);
  line.renderOrder = 10;
  line.frustumCulled = false;
  return line;
}

/** Two points a segment. */
function draw(line: LineSegments2, ends: readonly Vector3[]): void {
  line.geometry.dispose();
  line.geometry = new LineSegmentsGeometry().setPositions(ends.flatMap((end) => end.toArray()));
}
