/** Draws only when asked, at most once a display frame. */
export class RenderLoop {
  private frame = 0;
  private disposed = false;

  constructor(private readonly draw: () => boolean) {}

  /** Ask for one frame; `draw` returns true to ask for the next as well. */
  request(): void {
    if (this.frame !== 0 || this.disposed) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      if (this.draw()) this.request();
    });
  }

  /** Do something once what was asked for until now is on the screen. */
  afterNext(work: () => void): void {
    requestAnimationFrame(() => setTimeout(() => {
      if (!this.disposed) work();
    }));
  }

  dispose(): void {
    this.disposed = true;
    cancelAnimationFrame(this.frame);
  }
}
