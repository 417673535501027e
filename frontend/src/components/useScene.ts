import { useElementSize } from '@mantine/hooks';
import { type RefCallback, useEffect, useState } from 'react';

interface Drawable {
  resize: (width: number, height: number) => void;
  dispose: () => void;
}

export interface SceneHost<S> {
  /** Put this on the element that the canvas fills. */
  ref: RefCallback<HTMLElement>;
  scene: S | null;
  width: number;
  height: number;
  /** The browser has no WebGL, or has run out of it. */
  failed: boolean;
}

/**
 * The bridge between React and a scene class: gives the scene a canvas of its own, tells it its size, and disposes of
 * it. Another `create` makes another scene, so it must be stable.
 */
export function useScene<S extends Drawable>(create: (canvas: HTMLCanvasElement) => S): SceneHost<S> {
  const { ref: sizeRef, width, height } = useElementSize();
  const [host, setHost] = useState<HTMLElement | null>(null);
  const [scene, setScene] = useState<S | null>(null);
  const [failed, setFailed] = useState(false);

  useEffect(() => {
    if (!host) return undefined;
    // A canvas of its own: a disposed WebGL context cannot be had back from the same element.
    const canvas = document.createElement('canvas');
    canvas.style.cssText = 'position:absolute;inset:0;width:100%;height:100%;display:block;touch-action:none';
    canvas.setAttribute('aria-hidden', 'true');
    host.prepend(canvas);
    let made: S | null = null;
    try {
      made = create(canvas);
      setFailed(false);
    } catch (error) {
      console.error('no WebGL scene', error);
      setFailed(true);
    }
    setScene(made);
    return () => {
      setScene(null);
      made?.dispose();
      canvas.remove();
    };
  }, [host, create]);

  useEffect(() => {
    if (scene && width > 0 && height > 0) scene.resize(width, height);
  }, [scene, width, height]);

  const [ref] = useState<RefCallback<HTMLElement>>(() => (element: HTMLElement | null) => {
    setHost(element);
    (sizeRef as RefCallback<HTMLElement>)(element);
  });
  return { ref, scene, width, height, failed };
}
