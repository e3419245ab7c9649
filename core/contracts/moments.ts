import type { Task } from './benchmark.js';
import type { PassRunner } from './passes.js';
import type { NamedTensors } from './tensors.js';

/** Where the run stands when a task begins or ends. */
export interface TaskMoment {
  readonly task: Task;
  /** From 0 over the sequence. */
  readonly taskIndex: number;
  /** T, the optimizer steps of this task. */
  readonly steps: number;
  readonly passes: PassRunner;
}

/** What an optimizer step did; tensors are valid during the call only. */
export interface UpdateMoment {
  readonly step: StepPosition;
  /** Gradient of every trainable variable, after clipping. */
  readonly gradients: NamedTensors;
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
}

/** A plugin's saved state: tensors (the caller disposes them) and plain JSON. */
export interface PluginState {
  readonly tensors: NamedTensors;
  readonly json: Record<string, unknown>;
}

/** Moments that any plugin may take part in, called in the order of core/training/lifecycle.ts. */
export interface Moments {
  /** Before anything is scored or trained: the place to read and check files that options name. */
  prepare?(): void | Promise<void>;
  /** Before the first step of a task. */
  beforeTask?(moment: TaskMoment): void | Promise<void>;
  /** After every optimizer step. */
  afterStep?(moment: UpdateMoment): void;
  /** After the last step of a task. */
  afterTask?(moment: TaskMoment): void | Promise<void>;
  /** Everything needed to go on later. */
  state?(): PluginState;
  /** Takes back what `state` gave; copies the tensors that it keeps. */
  restore?(state: PluginState): void;
  /** Frees the plugin's own tensors; touches nobody else's. */
  dispose?(): void;
}
