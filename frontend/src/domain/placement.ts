/** Where an image lies inside its pane: one transform for the shader and for the outlines drawn over it. */
export interface View {
  /** 1 fits the whole image. */
  readonly zoom: number;
  /** Shift of the image in screen pixels. */
  readonly x: number;
  readonly y: number;
}

export interface Placement {
  /** Screen pixels an image pixel. */
  readonly scale: number;
  /** Screen position of the centre of the first image pixel. */
  readonly left: number;
  readonly top: number;
}

export const WHOLE: View = { zoom: 1, x: 0, y: 0 };

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Fit `image` (columns, rows) into `pane` and apply the view. Image pixel (0, 0) is a centre, as in the cameras. */
export function place(image: Size, pane: Size, view: View): Placement {
  const fit = Math.min(pane.width / image.width, pane.height / image.height);
  const scale = fit * view.zoom;
  return {
    scale,
    left: (pane.width - image.width * scale) / 2 + view.x + scale / 2,
    top: (pane.height - image.height * scale) / 2 + view.y + scale / 2,
  };
}

/** Zoom by `factor` so that the point of the image under the pointer stays where it is. */
export function zoomAt(view: View, pane: Size, pointer: { x: number; y: number }, factor: number): View {
  const zoom = Math.min(12, Math.max(1, view.zoom * factor));
  if (zoom === 1) return WHOLE;
  const ratio = zoom / view.zoom;
  const fromCentre = { x: pointer.x - pane.width / 2, y: pointer.y - pane.height / 2 };
  return {
    zoom,
    x: fromCentre.x - (fromCentre.x - view.x) * ratio,
    y: fromCentre.y - (fromCentre.y - view.y) * ratio,
  };
}
