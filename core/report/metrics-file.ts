import type { Observer, StepRecord } from '../contracts/observer.js';
import type { RunDirectory } from '../run/run-directory.js';

/** Writes metrics.jsonl, a line per optimizer step, as the steps are done. */
export class MetricsFile implements Observer {
  constructor(private readonly directory: RunDirectory) {}

  stepDone(record: StepRecord): void {
    this.directory.appendJsonLine('metrics.jsonl', record);
  }
}
