import type { EvaluationSet, MetricName, Task } from './benchmark.js';
import type { StepPosition } from './moments.js';

/** One line of metrics.jsonl. */
export interface StepRecord {
  /** From 1 over the run. */
  readonly step: number;
  readonly task: string;
  /** From 1. */
  readonly epoch: number;
  /** Nats, before the update: `total`, `crossEntropy` and one entry per regularizer. */
  readonly loss: Readonly<Record<string, number>>;
  /** Global L2 norm before clipping. */
  readonly gradientNorm: number;
  readonly learningRate: number;
  /** Real (unpadded) tokens of the step. */
  readonly tokens: number;
  readonly tokensPerSecond: number;
  readonly seconds: number;
}

/** One measured score. */
export interface ScoreRecord {
  /** 0 = before the first task (Init), t = after the t-th task. */
  readonly row: number;
  readonly set: string;
  readonly shots: number;
  /** Which of the metrics stands for the set; older run directories do not tell. */
  readonly metric?: MetricName;
  /** Name of the metric to its value, see core/evaluation/metrics.ts. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly items: number;
  readonly seconds: number;
}

/** The engine that a run computes on. */
export interface RunEngine {
  readonly name: 'native' | 'wasm' | 'cpu';
  /** Name of the GPU in use, where there is one. */
  readonly gpu?: string;
  /** It stands in for the native engine, which `auto` did not find or could not start. */
  readonly fallback?: true;
}

/** What a run is expected to need, in bytes. */
export interface ExpectedMemory {
  /** Resident at the peak of training. */
  readonly peak: number;
  /** Free on the machine for it, what the process holds already included; unknown for a GPU. */
  readonly free?: number;
}

/** Progress, logs, reports: sees, never changes. */
export interface Observer {
  /**
   * Sets of its own that are scored in every row too, zero-shot by the likelihood of choices; their scores go to it alone, by
   * `probed`. Their names differ from those of all other sets.
   * @param scored what is scored anyway
   */
  probes?(scored: readonly EvaluationSet[]): readonly EvaluationSet[];
  /**
   * `tasks` are trained in their order, `scored` are the tasks that are scored, in `rows` rows of the score matrix; `stepsDone` of
   * `steps` where the run goes on from a checkpoint.
   */
  runStarted?(info: {
    tasks: readonly string[];
    scored: readonly string[];
    rows: number;
    steps: number;
    stepsDone: number;
    engine: RunEngine;
    /** Where it could be told. */
    memory?: ExpectedMemory;
    directory: string;
  }): void;
  taskStarted?(info: { task: Task; taskIndex: number; steps: number }): void;
  stepDone?(record: StepRecord, position: StepPosition): void;
  scored?(record: ScoreRecord): void;
  probed?(record: ScoreRecord): void;
  taskDone?(info: { task: Task; taskIndex: number; seconds: number }): void;
  warned?(message: string): void;
  /** `earlier` of the seconds were spent before the run went on from a checkpoint. */
  runDone?(info: { seconds: number; earlier: number; directory: string }): void | Promise<void>;
  dispose?(): void;
}
