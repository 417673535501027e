/** Draws only when asked, at most once a display frame. */
export class RenderLoop {
  private frame = 0;
  private timer = 0;
  private disposed = false;

  constructor(private readonly draw: () => boolean) {}

  /** Ask for one frame; `draw` returns true to ask for the next as well. */
  request(): void {
    if (this.frame !== 0 || this.disposed) return;
    clearTimeout(this.timer);
    this.timer = 0;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      if (this.draw()) this.request();
    });
  }

  /** Ask for a frame that may wait for another reason to draw, for so many milliseconds at most. */
  requestWithin(ms: number): void {
    if (this.frame !== 0 || this.timer !== 0 || this.disposed) return;
    this.timer = window.setTimeout(() => this.request(), ms);
  }

  /** Do something once what was asked for until now is on the screen. */
  afterNext(work: () => void): void {
    requestAnimationFrame(() => setTimeout(() => {
      if (!this.disposed) work();
    }));
  }

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.timer);
    cancelAnimationFrame(this.frame);
  }
}
