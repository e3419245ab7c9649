import * as tf from '@tensorflow/tfjs-core';
import { trainingSchema } from '../config/schema.js';
import type { TrainingBatch } from '../contracts/batch.js';
import type { Task } from '../contracts/benchmark.js';
import type { Intervention } from '../contracts/intervention.js';
import type { StepPosition } from '../contracts/moments.js';
import type { Observer, StepRecord } from '../contracts/observer.js';
import type { PluginManifest } from '../contracts/plugin.js';
import type { Regularizer } from '../contracts/regularizer.js';
import { tokenCrossEntropy } from '../engine/ops/cross-entropy.js';
import { encodeExample, trainingBatch } from '../text/examples.js';
import { additionsOf } from '../training/additions.js';
import { type SequenceParts, trainSequence } from '../training/sequence.js';
import { guardedIntervention, guardedRegularizer } from './guards.js';
import { type ConformanceSettings, subjectOf } from './subject.js';
import { type ToyRun, withToyRun } from './toy-run.js';
import { toyTasks } from './toy-tasks.js';
import { toyTokenizer } from './toy-tokenizer.js';

/** Places in a toy training at which a check may look. */
export interface Watch {
  /** Before anyone's `beforeTask`. */
  taskStarted?(taskIndex: number): void;
  /** After everyone's `beforeTask`. */
  beforeSteps?(taskIndex: number): void | Promise<void>;
  step?(record: StepRecord, position: StepPosition): void;
  /** After the methods' `afterTask`, before the adapter's. */
  afterSteps?(taskIndex: number): void | Promise<void>;
  /** Before the first task (0) and after the t-th (t). */
  betweenTasks?(row: number): void | Promise<void>;
}

/** The toy tasks by turns, half as long, and as many as it takes for the plugin to act in one that is not the first. */
export function tasksFor({ contract, plugin }: ToyRun): Task[] {
  const starts = contract === 'regularizer' || contract === 'intervention';
  const startsAt = starts ? (plugin as Regularizer | Intervention).startsAt : 0;
  const short = toyTasks.map((task) => ({ ...task, epochs: task.epochs / 2 }));
  return Array.from({ length: Math.max(2, startsAt + 1) }, (_, i) => short[i % short.length]);
}

/** Trains the tasks as a run does, two optimizer steps an epoch, with the plugin taking its part. */
export async function trainToy(
  run: ToyRun,
  watch: Watch = {},
  tasks = tasksFor(run),
  saving: Pick<SequenceParts, 'checkpoints' | 'keepFolder'> = {},
): Promise<StepRecord[]> {
  const records: StepRecord[] = [];
  const observer: Observer = {
    taskStarted: ({ taskIndex }) => watch.taskStarted?.(taskIndex),
    stepDone: (record, position) => {
      records.push(record);
      watch.step?.(record, position);
    },
  };
  const data = { tasks, heldOut: [], files: [], answerEnd: 'eos' } as const;
  await trainSequence({ ...partsOf(run, watch, observer), data, ...saving });
  return records;
}

function partsOf(run: ToyRun, watch: Watch, observer: Observer): Omit<SequenceParts, 'data'> {
  const { contract, plugin, backbone, adapter, random } = run;
  const watching: Intervention = {
    startsAt: 0,
    sites: [],
    edits: () => [],
    beforeTask: ({ taskIndex }) => watch.beforeSteps?.(taskIndex),
    afterTask: ({ taskIndex }) => watch.afterSteps?.(taskIndex),
    state: () => ({ tensors: {}, json: {} }),
    restore: () => {},
  };
  const own =
    contract === 'intervention' ? [{ name: 'plugin', intervention: guardedIntervention(plugin as Intervention) }] : [];
  return {
    backbone,
    adapter,
    regularizers:
      contract === 'regularizer' ? [{ name: 'plugin', regularizer: guardedRegularizer(plugin as Regularizer) }] : [],
    interventions: [...own, { name: 'watch', intervention: watching }],
    tokenizer: toyTokenizer,
    random,
    settings: trainingSchema.parse({ batchSize: 4, learningRate: 0.05, weightDecay: 0, allowIdle: true }),
    observers: contract === 'observer' ? [plugin as Observer, observer] : [observer],
    betweenTasks: (row) => watch.betweenTasks?.(row),
  };
}

/** Whether a step is the last one of the last task. */
export function isLastStep({ taskIndex, taskStep, taskSteps }: StepPosition, tasks: readonly Task[]): boolean {
  return taskIndex === tasks.length - 1 && taskStep === taskSteps - 1;
}

/** The first rows of a task's training examples as one batch. */
export function toyBatch(task: Task = toyTasks[0], rows = task.train.length): TrainingBatch {
  const settings = { maxInputTokens: 50, maxOutputTokens: 50, overflow: 'refuse', answerEnd: 'eos' } as const;
  const examples = task.train.slice(0, rows).map((example) => encodeExample(example, toyTokenizer, settings));
  return trainingBatch(examples, [...examples.keys()], toyTokenizer.padding);
}

/** Mean cross-entropy of a batch's answer tokens, nats, shape []. */
export function toyLoss({ backbone, adapter }: ToyRun, batch: TrainingBatch): tf.Scalar {
  const { logits } = backbone.forward({
    batch,
    logits: batch.answerPositions,
    additions: additionsOf(adapter, 'current'),
  });
  const labels = batch.answerPositions.map((position) => batch.labels[position + 1]);
  return tf.mean(tokenCrossEntropy(logits as tf.Tensor2D, labels));
}

/**
 * Trains a plugin on the two toy tasks, which undo each other, sixteen optimizer steps each, and measures forgetting.
 * @returns cross-entropy in nats: entry [t][i] is that of task i + 1 after the t-th task, row 0 before the first
 */
export async function toyLosses(
  manifest: PluginManifest,
  { seed, ...settings }: ConformanceSettings & { readonly seed?: number } = {},
): Promise<number[][]> {
  const losses: number[][] = [];
  const measure = (run: ToyRun) =>
    toyTasks.map((task) => tf.tidy(() => toyLoss(run, toyBatch(task)).dataSync<'float32'>()[0]));
  const use = (run: ToyRun) => trainToy(run, { betweenTasks: () => void losses.push(measure(run)) }, [...toyTasks]);
  await withToyRun(subjectOf(manifest, settings), use, seed);
  return losses;
}
