import type { TrainingSettings } from '../config/schema.js';
import type { BenchmarkData, Task } from '../contracts/benchmark.js';
import type { PluginState } from '../contracts/moments.js';
import type { Observer } from '../contracts/observer.js';
import type { Tokenizer } from '../contracts/tokenizer.js';
import {
  disposeState,
  gatherState,
  type Progress,
  type SequenceState,
  spreadState,
  type TaskSummary,
} from './checkpoint.js';
import { type IdlePlugin, IdleWatch, placeOfIdle } from './idle-watch.js';
import { type Participants, whoTakesPart } from './participants.js';
import type { RandomSource } from './random.js';
import { endlessWarmUp } from './schedule.js';
import type { Span } from './span.js';
import { type PreparedTask, prepareTasks } from './task-data.js';
import { trainTask } from './train-task.js';

/** Where a sequence saves what it needs to go on, and what it goes on from. */
export interface SequenceCheckpoints {
  /** Optimizer steps between two of them within a task; 0: only after tasks. */
  readonly every: number;
  /** What to go on from, as `save` was given it, and its name in errors. Read once, the tensors are freed. */
  readonly start?: { readonly state: PluginState; readonly where: string };
  /** @param step optimizer steps done over the run */
  save(state: PluginState, step: number): void | Promise<void>;
}

export interface SequenceParts extends Participants {
  readonly data: BenchmarkData;
  readonly tokenizer: Tokenizer;
  readonly random: RandomSource;
  readonly settings: TrainingSettings;
  readonly observers: readonly Observer[];
  /** Absolute; where passes that are kept over epochs go when memory is full. Without it they stay in memory. */
  readonly keepFolder?: string;
  readonly checkpoints?: SequenceCheckpoints;
  /** Told of tasks, what precedes and follows their steps, and the steps. */
  readonly span?: Span;
  /** Called once everything has been checked, and given back where the sequence goes on from a checkpoint. */
  started?(prepared: readonly PreparedTask[]): void | Promise<void>;
  /** Called with row 0 before the first task and with t after the t-th: the place to score and to save. */
  betweenTasks(row: number, task?: Task): void | Promise<void>;
}

/** What a sequence has to say when it is over. */
export interface SequenceSummary {
  readonly tasks: readonly TaskSummary[];
  /** Methods that were found to do nothing, where `allowIdle` let them. */
  readonly idle: readonly IdlePlugin[];
}

/**
 * Trains the tasks one after another in the order of core/training/lifecycle.ts. All of their data are encoded and checked
 * before the first one trains. @throws PalimpsestError DATA_*, TOKENS_TOO_LONG, TRAINING_DIVERGED, PLUGIN_IDLE, CHECKPOINT_INVALID
 */
export async function trainSequence(parts: SequenceParts): Promise<SequenceSummary> {
  const start = parts.checkpoints?.start;
  try {
    return await runSequence(parts);
  } finally {
    if (start) disposeState(start.state);
  }
}

async function runSequence(parts: SequenceParts): Promise<SequenceSummary> {
  const { data, tokenizer, settings, backbone, checkpoints } = parts;
  const prepared = prepareTasks(data, tokenizer, settings, backbone.sizes.maxPositions);
  for (const participant of whoTakesPart(parts, 'prepare')) await participant.prepare?.({ tasks: data.tasks });
  const start = checkpoints?.start;
  const resumed = start && spreadState(parts, start.state, start.where);
  const watch = watchFor(parts, resumed?.progress);
  for (const warning of whatToExpect(prepared, settings, watch)) warn(parts, warning);
  const { tasksDone, taskStep } = resumed?.progress ?? { tasksDone: 0, taskStep: 0 };
  const summaries = [...(resumed?.progress.summaries ?? [])];
  await parts.started?.(prepared);
  if (taskStep === 0) await parts.betweenTasks(tasksDone, prepared[tasksDone - 1]?.task);
  for (let taskIndex = tasksDone; taskIndex < prepared.length; taskIndex++) {
    const stepsBefore = prepared.slice(0, taskIndex).reduce((sum, task) => sum + task.steps, 0);
    const summary = await trainTask(parts, {
      prepared: prepared[taskIndex],
      taskIndex,
      stepsBefore,
      watch,
      resumed: taskIndex === tasksDone && taskStep > 0 ? resumed : undefined,
      restored: () => start && disposeState(start.state),
      save({ optimizer, kept, ...within }) {
        const progress = { tasksDone: taskIndex, summaries, ...watch.progress, ...within };
        return save(parts, { optimizer, kept, progress }, stepsBefore);
      },
    });
    summaries.push(summary);
    const progress = { tasksDone: taskIndex + 1, taskStep: 0, seconds: 0, summaries, ...watch.progress };
    await save(parts, { progress, kept: [] }, stepsBefore + prepared[taskIndex].steps);
    await parts.betweenTasks(taskIndex + 1, prepared[taskIndex].task);
  }
  for (const name of watch.unseen(prepared.length)) {
    warn(parts, `plugin "${name}" was not seen to act: no task had enough steps to tell`);
  }
  return { tasks: summaries, idle: watch.idle };
}

/** What can be told before the first step. */
function whatToExpect(prepared: readonly PreparedTask[], { schedule }: TrainingSettings, watch: IdleWatch): string[] {
  const warmUp = endlessWarmUp(
    schedule,
    prepared.map(({ task: { name }, steps }) => ({ name, steps })),
  );
  const count = prepared.length;
  const late = watch
    .beyond(count)
    .map(
      ({ name, startsAt }) =>
        `plugin "${name}" does nothing in this run: it acts from task ${startsAt + 1} on, and the run has ${count}`,
    );
  return [...(warmUp ? [warmUp] : []), ...late];
}

/** Refuses methods that do nothing, or with `allowIdle` warns of them: of each once, and once where the run goes on. */
function watchFor(parts: SequenceParts, progress?: Progress): IdleWatch {
  const tell = (one: IdlePlugin) =>
    warn(parts, `${placeOfIdle(one)}: it does nothing (${one.what}), and the run goes on`);
  progress?.idle.forEach(tell);
  return new IdleWatch(parts, {
    names: progress?.watched,
    idle: progress?.idle,
    found: parts.settings.allowIdle ? tell : undefined,
  });
}

function warn({ observers }: SequenceParts, message: string): void {
  for (const observer of observers) observer.warned?.(message);
}

/** @param stepsBefore optimizer steps of the run before the task that the state is within */
async function save(parts: SequenceParts, state: SequenceState, stepsBefore: number): Promise<void> {
  if (!parts.checkpoints) return;
  const whole = gatherState(parts, state);
  try {
    await parts.checkpoints.save(whole, stepsBefore + state.progress.taskStep);
  } finally {
    disposeState(whole);
  }
}
