import { setImmediate as turn } from 'node:timers/promises';
import type { TrainingSettings } from '../config/schema.js';
import type { TrainingBatch } from '../contracts/batch.js';
import type { BenchmarkData, Task } from '../contracts/benchmark.js';
import type { TaskMoment } from '../contracts/moments.js';
import type { Observer } from '../contracts/observer.js';
import type { Tokenizer } from '../contracts/tokenizer.js';
import { batchesOfEpoch } from '../text/buckets.js';
import { trainingBatch } from '../text/examples.js';
import { type Participants, whoTakesPart } from './participants.js';
import type { RandomSource } from './random.js';
import { TaskTrainer } from './step.js';
import { type PreparedTask, prepareTasks, type TruncationCounts } from './task-data.js';
import { TaskPasses } from './task-passes.js';

export interface SequenceParts extends Participants {
  readonly data: BenchmarkData;
  readonly tokenizer: Tokenizer;
  readonly random: RandomSource;
  readonly settings: TrainingSettings;
  readonly observers: readonly Observer[];
  /** Called with row 0 before the first task and with t after the t-th: the place to score and to save. */
  betweenTasks(row: number, task?: Task): void | Promise<void>;
}

export interface TaskSummary {
  readonly task: string;
  /** Optimizer steps. */
  readonly steps: number;
  readonly seconds: number;
  /** Training examples that lost tokens to the maximum lengths. */
  readonly truncated: TruncationCounts;
}

interface Place {
  readonly taskIndex: number;
  /** Optimizer steps of earlier tasks. */
  readonly stepsBefore: number;
}

/**
 * Trains the tasks one after another in the order of core/training/lifecycle.ts. All of their data are encoded and checked
 * before the first one trains. @throws PalimpsestError DATA_*, TOKENS_TOO_LONG, TRAINING_DIVERGED
 */
export async function trainSequence(parts: SequenceParts): Promise<TaskSummary[]> {
  const { data, tokenizer, settings, backbone } = parts;
  const prepared = prepareTasks(data, tokenizer, settings, backbone.sizes.maxPositions);
  const summaries: TaskSummary[] = [];
  let stepsBefore = 0;
  for (const participant of whoTakesPart(parts, 'prepare')) await participant.prepare?.();
  await parts.betweenTasks(0);
  for (const [taskIndex, task] of prepared.entries()) {
    summaries.push(await trainTask(parts, task, { taskIndex, stepsBefore }));
    await parts.betweenTasks(taskIndex + 1, task.task);
    stepsBefore += task.steps;
  }
  return summaries;
}

async function trainTask(parts: SequenceParts, prepared: PreparedTask, place: Place): Promise<TaskSummary> {
  const { task, steps, truncated } = prepared;
  const { taskIndex } = place;
  const start = performance.now();
  const passes = new TaskPasses(parts, prepared, parts.settings.batchSize, parts.tokenizer.padding);
  const moment: TaskMoment = { task, taskIndex, steps, passes };
  for (const observer of parts.observers) observer.taskStarted?.({ task, taskIndex, steps });
  for (const participant of whoTakesPart(parts, 'beforeTask')) await participant.beforeTask?.(moment);
  await trainEpochs(parts, prepared, place);
  for (const participant of whoTakesPart(parts, 'afterTask')) await participant.afterTask?.(moment);
  const seconds = (performance.now() - start) / 1000;
  for (const observer of parts.observers) observer.taskDone?.({ task, taskIndex, seconds });
  return { task: task.name, steps, seconds, truncated };
}

async function trainEpochs(parts: SequenceParts, prepared: PreparedTask, place: Place): Promise<void> {
  const { task, steps } = prepared;
  const trainer = new TaskTrainer(parts, task.name, parts.settings, parts.random);
  let taskStep = 0;
  try {
    for (let epoch = 0; epoch < task.epochs; epoch++) {
      for (const micros of stepsOfEpoch(parts, prepared, place.taskIndex, epoch)) {
        const step = place.stepsBefore + taskStep + 1;
        const position = { step, taskIndex: place.taskIndex, taskStep, taskSteps: steps, epoch };
        const record = trainer.step(micros, position);
        for (const observer of parts.observers) observer.stepDone?.(record, position);
        taskStep++;
        await turn();
      }
    }
  } finally {
    trainer.dispose();
  }
}

/** The epoch's micro-batches, grouped into optimizer steps. */
function* stepsOfEpoch(
  { settings, random, tokenizer }: SequenceParts,
  { examples }: PreparedTask,
  taskIndex: number,
  epoch: number,
): Iterable<TrainingBatch[]> {
  const lengths = examples.map(({ tokens }) => tokens.length);
  const batches = batchesOfEpoch(lengths, settings, random.stream(`batches/task-${taskIndex + 1}/epoch-${epoch + 1}`));
  for (let at = 0; at < batches.length; at += settings.accumulate) {
    const group = batches.slice(at, at + settings.accumulate);
    yield group.map((indices) => trainingBatch(examples, indices, tokenizer.padding));
  }
}
