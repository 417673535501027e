let known: boolean | null = null;

/** Whether WebGL is drawn by the processor here, where every pixel and triangle counts. */
export function softwareDrawn(): boolean {
  if (known !== null) return known;
  const probe = document.createElement('canvas').getContext('webgl2');
  const name: unknown = probe?.getParameter(probe.getExtension('WEBGL_debug_renderer_info')?.UNMASKED_RENDERER_WEBGL ?? probe.RENDERER);
  probe?.getExtension('WEBGL_lose_context')?.loseContext();
  known = typeof name === 'string' && /swiftshader|llvmpipe|software|basic render/i.test(name);
  return known;
}
