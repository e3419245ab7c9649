import { type Span, type SpanName, untimed } from '../training/span.js';

/** Adds up the seconds that a run spends in each phase. */
export class PhaseClock {
  private started = performance.now();
  private readonly spent = new Map<string, number>();
  /** Seconds of earlier parts of the run. */
  earlier = 0;

  /** @param span told of every phase too */
  constructor(private readonly span: Span = untimed) {}

  /** Runs `work` and books its time, also where it fails. */
  async time<T>(phase: SpanName, work: () => T | Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await this.span(phase, work);
    } finally {
      this.add(phase, (performance.now() - start) / 1000);
    }
  }

  add(phase: string, seconds: number): void {
    this.spent.set(phase, (this.spent.get(phase) ?? 0) + seconds);
  }

  /** Books seconds that another run spent in this one's stead, as if they had been spent here. */
  takeOver(phase: SpanName, seconds: number): void {
    this.started -= 1000 * seconds;
    this.add(phase, seconds);
  }

  /** Takes over what a clock told of an earlier part of the run. */
  goOnFrom({ total = 0, ...phases }: Readonly<Record<string, number>>): void {
    this.started -= 1000 * total;
    this.earlier += total;
    for (const [phase, seconds] of Object.entries(phases)) this.add(phase, seconds);
  }

  /** Seconds by phase, and in all since the clock was made. */
  seconds(): Record<string, number> {
    return { ...Object.fromEntries(this.spent), total: (performance.now() - this.started) / 1000 };
  }
}
