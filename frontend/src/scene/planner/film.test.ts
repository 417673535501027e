import { Vector3 } from 'three';
import { describe, expect, it } from 'vitest';

import { FilmCamera } from './film';

/** A C-arm at a primary angle, source 700 mm before and detector 400 mm behind the isocentre, 0.3 mm a pixel. */
function projection(degrees: number): number[][] {
  const t = (degrees * Math.PI) / 180;
  const detector = [Math.sin(t), -Math.cos(t), 0, 700];
  const focal = 1100 / 0.3;
  const line = (axis: number[], centre: number): number[] => axis.map((x, i) => focal * x + centre * (detector[i] as number));
  return [line([Math.cos(t), Math.sin(t), 0, 0], 400), line([0, 0, -1, 0], 380), detector];
}

/** Where a camera shows a point in a view of 500 x 300, and where the film under it shows the pixel of that point. */
function places(camera: FilmCamera, lines: number[][], point: Vector3, target: Vector3): [number[], number[]] {
  const film = camera.aim(target, 2, 500, 300);
  const seen = point.clone().applyMatrix4(camera.matrixWorldInverse).applyMatrix4(camera.projectionMatrix);
  const [a, b, c] = lines.map(([x = 0, y = 0, z = 0, d = 0]) => x * point.x + y * point.y + z * point.z + d) as [number, number, number];
  return [
    [((seen.x + 1) / 2) * 500, ((1 - seen.y) / 2) * 300],
    [film.left + (film.scale * a) / c, film.top + (film.scale * b) / c],
  ];
}

describe('the camera of a film', () => {
  const target = new Vector3(3, -8, -20);

  it.each([0, 60, 90])('shows every point over its shadow, at %d degrees', (degrees) => {
    for (const scale of [1, -0.002]) {
      const lines = projection(degrees).map((line) => line.map((x) => x * scale));
      const camera = new FilmCamera(lines);
      for (const point of [new Vector3(30, -20, 40), new Vector3(-41, 25, -77), target]) {
        const [seen, shadow] = places(camera, lines, point, target);
        expect(seen).toEqual(shadow.map((x) => expect.closeTo(x, 6)));
      }
      expect(places(camera, lines, target, target)[0]).toEqual([expect.closeTo(250, 6), expect.closeTo(150, 6)]);
    }
  });

  it('shows a millimetre as large as the parallel views do', () => {
    const lines = projection(0);
    const [seen] = places(new FilmCamera(lines), lines, target.clone().add(new Vector3(10, 0, 5)), target);
    expect(seen).toEqual([expect.closeTo(270, 6), expect.closeTo(140, 6)]);
  });

  it('looks from the side of the detector, with what lies there in front', () => {
    const camera = new FilmCamera(projection(0));
    camera.aim(target, 2, 500, 300);
    expect(camera.towardsViewer.toArray()).toEqual([expect.closeTo(0), expect.closeTo(-1), expect.closeTo(0)]);
    const depth = (y: number): number => new Vector3(0, y, 0).applyMatrix4(camera.matrixWorldInverse).applyMatrix4(camera.projectionMatrix).z;
    expect(depth(-40)).toBeLessThan(depth(40));
    expect(Math.abs(depth(-40))).toBeLessThan(1);
  });

  it('names the sides of the patient at its edges', () => {
    expect([0, 90, -90, 180].map((degrees) => new FilmCamera(projection(degrees)).edges.join(''))).toEqual(['RL', 'AP', 'PA', 'LR']);
  });
});
