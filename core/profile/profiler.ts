import * as tf from '@tensorflow/tfjs-core';
import { microseconds } from '../engine/microseconds.js';
import type { Operation, OperationWatcher } from '../engine/watch-operations.js';
import type { Span } from '../training/span.js';
import {
  CORE,
  type MemorySample,
  nothing,
  type PhaseRecord,
  type Profile,
  type ProfileRecord,
  type SpanRecord,
  since,
} from './records.js';
import { whenDone } from './when-done.js';

/** Most records of a profile: about 100 MB of trace. */
const MOST_RECORDS = 500_000;
/** Microseconds between two looks at the memory. */
const SAMPLE_EVERY = 2000;

/** How much of a part of the run is still recorded. */
interface Window {
  open: boolean;
  /** Optimizer steps of a task, or runs of the model of any other part. */
  left: number;
}

/** Records where the time goes: parts of the run, plugins within them, operations within those. */
export class Profiler implements OperationWatcher {
  private readonly records: ProfileRecord[] = [];
  private readonly samples: MemorySample[] = [];
  /** Whom operations are counted to now. */
  owner = CORE;
  /** Whom operations of a backward pass are counted to that no one else's are. */
  backbone = CORE;
  private window: Window;
  private phase?: PhaseRecord;
  private readonly totals = { ...nothing };
  /** When `listens` last changed or was settled, and what it was from then on. */
  private settled = microseconds();
  private listened = true;

  /** @param steps optimizer steps of each task that are recorded, and runs of the model in any other part of the run */
  constructor(
    private readonly steps: number,
    private readonly most = MOST_RECORDS,
  ) {
    this.window = { open: true, left: steps };
  }

  get profile(): Profile {
    return { records: this.records, samples: this.samples, cut: this.full };
  }

  get listens(): boolean {
    return this.window.open && !this.full;
  }

  /** A part of the run. */
  readonly span: Span = (name, work, detail) => {
    const { window: outer, phase: around } = this;
    if (name === 'step') this.use(outer);
    const window =
      name === 'step' || name === 'optimizer' ? { ...outer, left: Number.POSITIVE_INFINITY } : this.fresh();
    if (!window.open || this.full) return work();
    this.enter(window);
    const before = { ...this.totals };
    const record: PhaseRecord = { kind: 'phase', name, detail, within: around, ...this.now() };
    this.phase = this.begin(record);
    return whenDone(work, () => {
      this.enter(outer);
      this.phase = around;
      record.totals = since(before, this.totals);
      this.end(record);
    });
  };

  /** A run of the model begins. */
  batch(): void {
    this.use(this.window);
  }

  /** Something of a plugin's; operations in it are counted to the plugin. */
  plugin<T>(plugin: string, hook: string, work: () => T): T {
    if (!this.listens) return work();
    const outer = this.owner;
    const record = this.begin({ kind: 'plugin', plugin, hook, within: this.phase, ...this.now() });
    this.owner = plugin;
    return whenDone(work, () => {
      this.owner = outer;
      this.end(record);
    });
  }

  pass<T>(name: 'forward' | 'backward', run: () => T): T {
    if (!this.listens) return run();
    const outer = this.owner;
    const record = this.begin({ kind: 'pass', name, within: this.phase, ...this.now() });
    if (name === 'backward' && outer === CORE) this.owner = this.backbone;
    return whenDone(run, () => {
      this.owner = outer;
      this.end(record);
    });
  }

  recorded(): <T>(run: () => T) => T {
    const { owner } = this;
    return (run) => this.gradient(owner, run);
  }

  ran(operation: Operation): void {
    this.records.push({ kind: 'operation', ...operation, plugin: this.owner, within: this.phase });
    const { totals } = this;
    const time = operation.end - operation.start;
    if (operation.flops === undefined) {
      totals.others++;
      totals.otherTime += time;
    } else {
      totals.products++;
      totals.productTime += time;
      totals.flops += operation.flops;
    }
    this.sample(operation.end);
    if (this.full) this.settle();
  }

  /** The gradient of what an owner did; one that ran nothing leaves no record. */
  private gradient<T>(owner: string, run: () => T): T {
    if (!this.listens || owner === this.owner) return run();
    if (owner !== CORE) {
      const at = this.records.length;
      return whenDone(
        () => this.plugin(owner, 'backward', run),
        () => this.records.length === at + 1 && this.records.pop(),
      );
    }
    const outer = this.owner;
    this.owner = owner;
    return whenDone(run, () => {
      this.owner = outer;
    });
  }

  private get full(): boolean {
    return this.records.length >= this.most;
  }

  private fresh(): Window {
    return { open: true, left: this.steps };
  }

  /** Takes one from what is left, and closes the window where nothing is. */
  private use(window: Window): void {
    window.left--;
    if (window.left >= 0) return;
    window.open = false;
    this.settle();
  }

  private enter(window: Window): void {
    this.window = window;
    this.settle();
  }

  /** Books the time in which operations were recorded up to now. */
  private settle(): void {
    const now = microseconds();
    if (this.listened) this.totals.recorded += now - this.settled;
    this.settled = now;
    this.listened = this.listens;
  }

  private now(): { start: number; end: number } {
    const start = microseconds();
    return { start, end: start };
  }

  private begin<R extends SpanRecord>(record: R): R {
    this.records.push(record);
    return record;
  }

  private end(record: SpanRecord): void {
    record.end = microseconds();
    this.sample(record.end);
  }

  private sample(at: number): void {
    const last = this.samples.at(-1);
    if (last && at - last.at < SAMPLE_EVERY) return;
    this.samples.push({ at, tensors: tf.engine().state.numBytes, resident: process.memoryUsage.rss() });
  }
}
