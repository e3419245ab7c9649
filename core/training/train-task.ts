import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { TrainingBatch } from '../contracts/batch.js';
import type { StepPosition, TaskMoment } from '../contracts/moments.js';
import { batchesOfEpoch } from '../text/buckets.js';
import { trainingBatch } from '../text/examples.js';
import type { SequenceState, TaskSummary } from './checkpoint.js';
import type { IdleWatch } from './idle-watch.js';
import { KeptPasses } from './kept-passes.js';
import { KeptRows } from './kept-rows.js';
import { whoTakesPart } from './participants.js';
import type { SequenceParts } from './sequence.js';
import { untimed } from './span.js';
import { TaskTrainer } from './step.js';
import type { PreparedTask } from './task-data.js';
import { TaskPasses } from './task-passes.js';

const MIB = 2 ** 20;

/** A task of the sequence as it is trained. */
export interface RunningTask {
  readonly prepared: PreparedTask;
  readonly taskIndex: number;
  /** Optimizer steps of earlier tasks. */
  readonly stepsBefore: number;
  readonly watch: IdleWatch;
  /** What it goes on from, within it; the participants have been given their states. */
  readonly resumed?: SequenceState;
  /** Called once nothing of `resumed` is needed any more. */
  restored(): void;
  save(state: WithinTask): Promise<void>;
}

/** What a checkpoint within a task holds of the task. */
interface WithinTask extends Omit<SequenceState, 'progress'> {
  /** Optimizer steps done. */
  readonly taskStep: number;
  readonly seconds: number;
}

/** Trains one task, from its `beforeTask` (or from a checkpoint within it) to its `afterTask`. */
export function trainTask(parts: SequenceParts, running: RunningTask): Promise<TaskSummary> {
  const { span = untimed } = parts;
  return span('task', () => wholeTask(parts, running), running.prepared.task.name);
}

async function wholeTask(parts: SequenceParts, running: RunningTask): Promise<TaskSummary> {
  const { prepared, taskIndex, resumed } = running;
  const { task, steps, truncated } = prepared;
  const start = performance.now() - 1000 * (resumed?.progress.seconds ?? 0);
  const seconds = () => (performance.now() - start) / 1000;
  for (const observer of parts.observers) observer.taskStarted?.({ task, taskIndex, steps });
  if (!resumed) await atMoment('beforeTask', parts, running);
  await trainEpochs(parts, running, seconds);
  await atMoment('afterTask', parts, running);
  for (const observer of parts.observers) observer.taskDone?.({ task, taskIndex, seconds: seconds() });
  return { task: task.name, steps, seconds: seconds(), truncated };
}

async function atMoment(name: 'beforeTask' | 'afterTask', parts: SequenceParts, running: RunningTask): Promise<void> {
  const { prepared, taskIndex } = running;
  const made = new Map<string, Promise<unknown>>();
  const moment: TaskMoment = {
    task: prepared.task,
    taskIndex,
    steps: prepared.steps,
    examples: prepared.examples,
    passes: new TaskPasses(parts, prepared, parts.settings.batchSize, parts.tokenizer.padding),
    shared<R>(key: string, make: () => R | Promise<R>): Promise<R> {
      if (!made.has(key)) made.set(key, (async () => make())());
      return made.get(key) as Promise<R>;
    },
  };
  const { span = untimed } = parts;
  await span(name, async () => {
    for (const participant of whoTakesPart(parts, name)) await participant[name]?.(moment);
  });
}

async function trainEpochs(parts: SequenceParts, running: RunningTask, seconds: () => number): Promise<void> {
  const { prepared, resumed, watch } = running;
  const { settings, random, checkpoints, span = untimed } = parts;
  const kept = new KeptPasses(keptRows(parts, running));
  const trainer = new TaskTrainer({ run: parts, task: prepared.task.name, settings, random, kept, watch, span });
  try {
    if (resumed) kept.rows.restore(resumed.kept);
    if (resumed?.optimizer) trainer.optimizer.restore(resumed.optimizer);
    running.restored();
    for (const { micros, position } of stepsOf(parts, running)) {
      const record = span('step', () => trainer.step(micros, position), String(position.step));
      for (const observer of parts.observers) observer.stepDone?.(record, position);
      const taskStep = position.taskStep + 1;
      if (isCheckpoint(taskStep, position.taskSteps, checkpoints?.every)) {
        const optimizer = trainer.optimizer.state();
        await running.save({ taskStep, seconds: seconds(), optimizer, kept: kept.rows.flush() });
      }
      await turn();
    }
  } finally {
    trainer.dispose();
    kept.rows.dispose();
  }
}

/** The last step of a task needs none: the task's own checkpoint follows. */
function isCheckpoint(done: number, steps: number, every = 0): boolean {
  return every > 0 && done % every === 0 && done < steps;
}

function keptRows({ settings, keepFolder }: SequenceParts, { taskIndex }: RunningTask): KeptRows {
  const { memory, disk } = settings.keep;
  const file = keepFolder && path.join(keepFolder, `task-${taskIndex + 1}.f32`);
  return new KeptRows({ memory: memory * MIB, disk: disk * MIB }, file);
}

interface PlacedStep {
  readonly micros: readonly TrainingBatch[];
  readonly position: StepPosition;
}

/** The task's optimizer steps that are still to be done. */
function* stepsOf(parts: SequenceParts, running: RunningTask): Iterable<PlacedStep> {
  const { prepared, taskIndex, stepsBefore, resumed } = running;
  const { epochs } = prepared.task;
  const done = resumed?.progress.taskStep ?? 0;
  let taskStep = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const indices of groupsOfEpoch(parts, running, epoch)) {
      if (taskStep >= done) {
        const place = { taskIndex, taskStep, taskSteps: prepared.steps, epoch, epochs };
        yield {
          micros: indices.map((some) => trainingBatch(prepared.examples, some, parts.tokenizer.padding)),
          position: { step: stepsBefore + taskStep + 1, ...place },
        };
      }
      taskStep++;
    }
  }
}

/** The epoch's micro-batches as lists of example indices, grouped into optimizer steps. */
function* groupsOfEpoch(parts: SequenceParts, running: RunningTask, epoch: number): Iterable<number[][]> {
  const { settings, random } = parts;
  const lengths = running.prepared.examples.map(({ tokens }) => tokens.length);
  const stream = random.stream(`batches/task-${running.taskIndex + 1}/epoch-${epoch + 1}`);
  const batches = batchesOfEpoch(lengths, settings, stream);
  for (let at = 0; at < batches.length; at += settings.accumulate) yield batches.slice(at, at + settings.accumulate);
}
