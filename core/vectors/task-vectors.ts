import { existsSync } from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { Backbone } from '../contracts/backbone.js';
import type { Task, TextExample } from '../contracts/benchmark.js';
import type { PluginState, PrepareMoment, TaskMoment } from '../contracts/moments.js';
import type { Tokenizer } from '../contracts/tokenizer.js';
import { problem } from '../errors.js';
import type { Logger } from '../logger.js';
import type { RandomSource } from '../training/random.js';
import type { HeadVectors } from './head-edits.js';
import { meanEffects, type RankedHead, topHeads } from './head-effects.js';
import { type Head, headsOf, randomHeads, readHeads } from './heads.js';
import type { MeanActivations } from './mean-activations.js';
import { taskActivations } from './task-activations.js';
import { type TaskVectorOptions, taskVectorOptions } from './task-vector-options.js';
import { traceTask } from './trace-task.js';
import { activationsAt, readVectorFile, type VectorFile } from './vector-file.js';

/** What measuring needs of the run. */
export interface VectorTools {
  /** The plugin's name, for errors. */
  readonly plugin: string;
  readonly backbone: Backbone;
  /** Name, hub id or path of the run's model. */
  readonly model: string;
  readonly tokenizer: Tokenizer;
  readonly random: RandomSource;
  readonly logger: Logger;
}

/** How a task's mean activations were measured, and its heads found. */
interface Measurement extends Partial<Omit<MeanActivations, 'values'>> {
  /** With their effects, the largest first. */
  readonly traced?: readonly RankedHead[];
  /** Those that were edited, where they were traced: the same, or random ones in their place. */
  readonly heads?: readonly Head[];
}

/** What a task is edited with. */
interface TaskChoice extends HeadVectors {
  readonly measurement: Measurement;
}

const views = ['before-this-task', 'initial'] as const;
type View = (typeof views)[number];

/** The heads of a run and their mean activations on the task that trains: a part of plugins that edit heads. */
export class TaskVectors {
  private heads: readonly Head[] = [];
  private file?: VectorFile;
  private values?: Float32Array;
  private readonly measurements = new Map<string, Measurement>();

  private readonly options: TaskVectorOptions;

  /** @param options other ones are passed over */
  constructor(
    private readonly tools: VectorTools,
    options: TaskVectorOptions,
  ) {
    this.options = z.object(taskVectorOptions).parse(options);
  }

  /** Reads and checks files and samples. @throws PalimpsestError CONFIG_VALUE, DATA_FILE, DATA_LINE, DATA_EMPTY, TENSOR_INVALID */
  async prepare({ tasks }: PrepareMoment): Promise<void> {
    const { plugin, backbone, model } = this.tools;
    const { heads, activations } = this.options;
    if (this.traces) this.checkTracing();
    else {
      const named = await readHeads(heads, { sizes: backbone.sizes, name: model }, `plugin "${plugin}", heads`);
      this.heads = this.standIns(named, 'task-vectors/random-heads');
    }
    if (this.traces || isView(activations)) for (const task of tasks) this.samplesOf(task);
    if (isView(activations)) return;
    if (path.isAbsolute(activations) && existsSync(activations)) {
      this.file = await readVectorFile(activations, backbone.sizes, tasks);
      return;
    }
    const where = `plugin "${plugin}", activations`;
    throw problem('CONFIG_VALUE', { where, expected: `${views.join(', ')} or a safetensors file`, got: activations });
  }

  /** Finds the task's heads where they are traced; takes their mean activations from the file, or measures them. */
  async beforeTask(moment: TaskMoment): Promise<void> {
    const { task, shared } = moment;
    const key = `task vectors ${JSON.stringify([this.heads, this.options])}`;
    const choice = await shared(key, () => (this.traces ? this.trace(moment) : this.measureHeads(moment)));
    this.heads = choice.heads;
    this.values = choice.values;
    if (!this.file || this.traces) this.measurements.set(task.name, choice.measurement);
  }

  /** The heads with their mean activations on the task. */
  current(): HeadVectors {
    if (!this.values) throw new Error('TaskVectors.beforeTask has not been called');
    return { heads: this.heads, values: this.values };
  }

  state(): PluginState {
    const json = {
      heads: this.heads.map(([layer, head]) => [layer, head]),
      measurements: Object.fromEntries(this.measurements),
    };
    return {
      tensors: this.values ? { values: tf.tensor1d(this.values) } : {},
      json: json as unknown as PluginState['json'],
    };
  }

  restore({ tensors, json }: PluginState): void {
    this.values = tensors.values && Float32Array.from(tensors.values.dataSync<'float32'>());
    this.heads = json.heads as unknown as Head[];
    this.measurements.clear();
    for (const [task, measurement] of Object.entries(json.measurements as Record<string, Measurement>)) {
      this.measurements.set(task, measurement);
    }
  }

  /** The heads, where all tasks have the same, and how each task's mean activations were measured and its heads found. */
  summary(): Record<string, unknown> {
    const tasks = Object.fromEntries(this.measurements);
    return this.traces ? { tasks } : { heads: this.heads, tasks };
  }

  private checkTracing(): void {
    const { plugin, backbone } = this.tools;
    const { shots, top, control } = this.options;
    const most = Math.floor((backbone.sizes.layers * backbone.sizes.heads) / (control === 'random' ? 2 : 1));
    const refuse = (option: string, expected: string, got: number) =>
      problem('CONFIG_VALUE', { where: `plugin "${plugin}", ${option}`, expected, got: `${got}` });
    if (shots < 2) throw refuse('shots', 'at least 2 with `heads: traced`, whose answers are shuffled', shots);
    if (top > most) throw refuse('top', `at most ${most} heads of this model`, top);
  }

  private get traces(): boolean {
    return this.options.heads === 'traced';
  }

  private measureHeads(moment: TaskMoment): TaskChoice {
    const { values, ...measurement } = this.meansOf(moment, this.heads);
    return { heads: this.heads, values, measurement };
  }

  private trace(moment: TaskMoment): TaskChoice {
    const { backbone, tokenizer, random } = this.tools;
    const { trials, shots, top } = this.options;
    const { task, taskIndex, passes } = moment;
    const { values: means, ...measured } = this.meansOf(moment, headsOf(backbone.sizes));
    const settings = {
      trials,
      shots,
      maxTokens: this.maxTokens,
      measure: 'probability',
      answer: 'first-token',
    } as const;
    const stream = random.stream(`task-vectors/task-${taskIndex + 1}/trials`);
    const tracing = { task: task.name, samples: this.samplesOf(task), means };
    this.tools.logger.info(`tracing heads on "${task.name}": ${trials} prompts`);
    const perTrial = traceTask(passes.model(this.view), tracing, settings, { tokenizer, stream });
    const traced = topHeads(meanEffects([{ task: task.name, perTrial }]), backbone.sizes, top);
    const found = traced.map(([layer, head]): Head => [layer, head]);
    const heads = this.standIns(found, `task-vectors/task-${taskIndex + 1}/random-heads`);
    return { heads, values: activationsAt(means, heads, backbone.sizes), measurement: { ...measured, traced, heads } };
  }

  /** The heads, or random ones in their place. */
  private standIns(heads: readonly Head[], stream: string): readonly Head[] {
    const { backbone, random } = this.tools;
    return this.options.control === 'random' ? randomHeads(heads, backbone.sizes, random.stream(stream)) : heads;
  }

  /** With which adapters activations are measured, and heads traced. */
  private get view(): View {
    const { activations } = this.options;
    return isView(activations) ? activations : 'before-this-task';
  }

  private get maxTokens(): number {
    return Math.min(this.options.promptTokens, this.tools.backbone.sizes.maxPositions);
  }

  private meansOf(
    { task, taskIndex, passes }: TaskMoment,
    heads: readonly Head[],
  ): Measurement & { values: Float32Array } {
    if (this.file) return { values: this.file.of(task.name, heads) };
    const { tokenizer, random } = this.tools;
    const { shots, prompts, demonstrationSets, minCorrect } = this.options;
    this.tools.logger.info(`measuring mean activations on "${task.name}": ${prompts} prompts`);
    const measured = taskActivations(
      passes.model(this.view),
      this.samplesOf(task),
      { heads, shots, prompts, demonstrationSets, maxTokens: this.maxTokens, minCorrect },
      { tokenizer, stream: random.stream(`task-vectors/task-${taskIndex + 1}/prompts`) },
    );
    if (!measured) throw this.tooFew(task, `none that fits ${this.maxTokens} tokens`);
    const { made, ...means } = measured;
    this.tellCounts(task, means);
    return means;
  }

  private tellCounts({ name }: Task, { correct, prompts, correctOnly }: MeanActivations): void {
    const { logger } = this.tools;
    const counts = `${correct} of ${prompts} prompts answered right`;
    if (correctOnly) logger.info(`task "${name}": ${counts}; mean activations are over those`);
    else {
      const few = `fewer than ${this.options.minCorrect}; mean activations are over all of them`;
      logger.warn(`task "${name}": ${counts}, ${few}`);
    }
  }

  private samplesOf(task: Task): readonly TextExample[] {
    const { samples } = this.options;
    const given = samples === 'validation' ? (task.validation ?? []) : task.train.filter(isText);
    if (given.length < 2) throw this.tooFew(task, `${given.length}`);
    return given;
  }

  private tooFew({ name }: Task, got: string): Error {
    const { samples } = this.options;
    const kind = samples === 'validation' ? 'validation samples' : 'training examples of text';
    return problem('DATA_EMPTY', {
      where: `plugin "${this.tools.plugin}", task "${name}"`,
      expected: `at least two ${kind} for N-shot prompts`,
      got,
      remedy: 'Give the task `validation` samples, set `samples: train`, or name a file of `activations`.',
    });
  }
}

function isView(activations: string): activations is View {
  return (views as readonly string[]).includes(activations);
}

function isText(example: Task['train'][number]): example is TextExample {
  return 'prompt' in example && example.prompt !== '';
}
