import { AmbientLight, type Camera, DirectionalLight, HemisphereLight, type Object3D } from 'three';

/** The light of a reading room: what stays with the patient. */
export function roomLights(): Object3D[] {
  return [new HemisphereLight('#e6eef5', '#3a342e', 1.15), new AmbientLight('#ffffff', 0.15)];
}

/** A lamp over the shoulder of whoever looks. */
export function headlight(camera: Camera): void {
  const key = new DirectionalLight('#fff8ef', 2.5);
  key.position.set(-0.5, 0.7, 1);
  key.target.position.set(0, 0, -1);
  camera.add(key, key.target);
}
