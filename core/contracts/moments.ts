import type { Task, TokenExample } from './benchmark.js';
import type { PassRunner } from './passes.js';
import type { NamedTensors } from './tensors.js';

/** What is known before anything is scored or trained. */
export interface PrepareMoment {
  /** In the order of training. */
  readonly tasks: readonly Task[];
}

/** Where the run stands when a task begins or ends. */
export interface TaskMoment {
  readonly task: Task;
  /** From 0 over the sequence. */
  readonly taskIndex: number;
  /** T, the optimizer steps of this task. */
  readonly steps: number;
  /** The task's training examples as they are trained on, in file order. */
  readonly examples: readonly TokenExample[];
  readonly passes: PassRunner;
  /** What `make` gives, a plain value; made once in this moment for all plugins that name it the same. */
  shared<R>(name: string, make: () => R | Promise<R>): Promise<R>;
}

/** What an optimizer step did; tensors are valid during the call only. */
export interface UpdateMoment {
  readonly step: StepPosition;
  /** Gradient of every trainable variable, before clipping; zero for one that the loss does not reach. */
  readonly gradients: NamedTensors;
  /** What the optimizer multiplied the gradients with to clip them, 0-1. */
  readonly clipping: number;
  /** Difference that the update made to every trainable variable. */
  readonly updates: NamedTensors;
}

/** Where an optimizer step stands. */
export interface StepPosition {
  /** From 1 over the run. */
  readonly step: number;
  readonly taskIndex: number;
  /** Optimizer step k of the task, from 0. */
  readonly taskStep: number;
  /** T, the optimizer steps of this task. */
  readonly taskSteps: number;
  /** From 0 within the task. */
  readonly epoch: number;
  /** Passes over the task's training examples. */
  readonly epochs: number;
}

/** Where a micro-batch stands. */
export interface MicroPosition extends StepPosition {
  /** From 0 within the optimizer step. */
  readonly micro: number;
}

/** A plugin's saved state: float32 tensors (the caller disposes them) and plain JSON. */
export interface PluginState {
  readonly tensors: NamedTensors;
  readonly json: Record<string, unknown>;
}

/** Moments that any plugin may take part in, called in the order of core/training/lifecycle.ts. */
export interface Moments {
  /** Before anything is scored or trained: the place to read and check files that options name, and what the tasks bring. */
  prepare?(moment: PrepareMoment): void | Promise<void>;
  /** Before the first step of a task. */
  beforeTask?(moment: TaskMoment): void | Promise<void>;
  /** After every optimizer step. */
  afterStep?(moment: UpdateMoment): void;
  /** After the last step of a task. */
  afterTask?(moment: TaskMoment): void | Promise<void>;
  /** Everything needed to go on later. */
  state?(): PluginState;
  /**
   * Takes back what `state` gave; copies the tensors that it keeps. Stands for the moments up to there, but `prepare`. The
   * adapter is restored before the methods.
   */
  restore?(state: PluginState): void;
  /** What the run's summary says of it: plain JSON, for example how many samples it measured with. */
  summary?(): Record<string, unknown>;
  /** Frees the plugin's own tensors; touches nobody else's. */
  dispose?(): void;
}
