import { ConeGeometry, CylinderGeometry, DoubleSide, Group, Mesh, MeshBasicMaterial, MeshLambertMaterial, type Plane, TorusGeometry, Vector3 } from 'three';

import type { Point } from '../domain/plan';

/** A K-wire as a design's report describes it: where it enters the bone, and which way it goes. */
export interface Wire {
  point: Point;
  direction: Point;
  diameter_mm: number;
  drill_depth_mm: number;
}

/** The motion that the contact resists least. */
export interface Motion {
  kind: 'slide' | 'turn';
  point: Point;
  direction: Point;
}

const STEEL = '#b9c4cc';
const ARROW = '#f0b64e';
const UP = new Vector3(0, 1, 0);
/** How far a wire stands out of the bone, mm. */
const OUTSIDE = 70;

/** Wires as deep as they are drilled. */
export function wireMeshes(wires: readonly Wire[]): Group {
  const group = new Group();
  const material = new MeshLambertMaterial({ color: STEEL, side: DoubleSide });
  for (const wire of wires) {
    const length = OUTSIDE + wire.drill_depth_mm;
    const mesh = new Mesh(new CylinderGeometry(wire.diameter_mm / 2, wire.diameter_mm / 2, length, 20), material);
    const direction = new Vector3().fromArray(wire.direction).normalize();
    mesh.quaternion.setFromUnitVectors(UP, direction);
    mesh.position.fromArray(wire.point).addScaledVector(direction, (wire.drill_depth_mm - OUTSIDE) / 2);
    group.add(mesh);
  }
  return group;
}

/** The weakest motion, over everything: a line with two heads for a slide, an axis with a ring for a turn. */
export function motionArrow({ kind, point, direction }: Motion): Group {
  const group = new Group();
  const material = new MeshBasicMaterial({ color: ARROW, depthTest: false, transparent: true, opacity: 0.92 });
  const add = (geometry: CylinderGeometry | ConeGeometry | TorusGeometry, along: number, turned = false): void => {
    const mesh = new Mesh(geometry, material);
    mesh.position.y = along;
    if (turned) mesh.rotation.x = Math.PI;
    mesh.renderOrder = 40;
    group.add(mesh);
  };
  if (kind === 'slide') {
    add(new CylinderGeometry(0.9, 0.9, 36, 12), 0);
    add(new ConeGeometry(2.8, 8, 20), 22);
    add(new ConeGeometry(2.8, 8, 20), -22, true);
  } else {
    add(new CylinderGeometry(0.6, 0.6, 44, 12), 0);
    const ring = new TorusGeometry(12, 0.9, 10, 48, Math.PI * 1.6);
    ring.rotateX(Math.PI / 2);
    add(ring, 0);
    const head = new ConeGeometry(2.8, 7, 20);
    head.rotateX(Math.PI / 2).translate(12, 0, -3);
    add(head, 0);
  }
  group.quaternion.setFromUnitVectors(UP, new Vector3().fromArray(direction).normalize());
  group.position.fromArray(point);
  return group;
}

/** Take away what lies in front of a plane, or nothing with null. */
export function cutParts(group: Group, plane: Plane | null): void {
  group.traverse((part) => {
    if (!(part instanceof Mesh)) return;
    const material = part.material as MeshLambertMaterial;
    material.clippingPlanes = plane ? [plane] : [];
    material.needsUpdate = true;
  });
}

/** Free what a group of parts holds; it is empty afterwards. */
export function disposeParts(group: Group): void {
  group.traverse((part) => {
    if (!(part instanceof Mesh)) return;
    part.geometry.dispose();
    (part.material as MeshBasicMaterial).dispose();
  });
  group.clear();
}
