import { existsSync } from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { filePathOrName } from '../config/paths.js';
import type { Backbone } from '../contracts/backbone.js';
import type { Task, TextExample } from '../contracts/benchmark.js';
import type { PluginState, PrepareMoment, TaskMoment } from '../contracts/moments.js';
import type { Tokenizer } from '../contracts/tokenizer.js';
import { problem } from '../errors.js';
import type { Logger } from '../logger.js';
import type { RandomSource } from '../training/random.js';
import type { HeadVectors } from './head-edits.js';
import { type Head, headPresets, randomHeads, readHeads } from './heads.js';
import { inContextPrompts } from './in-context-prompts.js';
import { type MeanActivations, meanActivations } from './mean-activations.js';
import { readVectorFile, type VectorFile } from './vector-file.js';

const count = z.number().int().min(1);

/** Options of whoever uses the mean activations of heads on a task. */
export const taskVectorOptions = {
  heads: filePathOrName()
    .default('preset')
    .describe(
      `The heads S: the \`preset\` of the run's model, one by name (${Object.keys(headPresets).join(', ')}), or a JSON file [[layer, head], ...].`,
    ),
  control: z
    .enum(['none', 'random'])
    .default('none')
    .describe('random: as many heads drawn from all others stand in for S.'),
  activations: filePathOrName()
    .default('before-this-task')
    .describe(
      'Where mean activations come from: measured at the start of a task with the model `before-this-task` or the `initial` one, or a safetensors file with a tensor [L, H, d_h] by the name of each task.',
    ),
  samples: z
    .enum(['validation', 'train'])
    .default('validation')
    .describe("Whose items the N-shot prompts are made of: the task's validation samples, or what it trains on."),
  shots: count.default(10).describe('N, demonstrations in a prompt.'),
  prompts: count.default(40).describe('Prompts to measure with.'),
  demonstrationSets: count
    .default(4)
    .describe('Sets of demonstrations drawn; each serves an equal part of the prompts.'),
  minCorrect: count.default(4).describe('With fewer prompts answered right, all of them count.'),
  promptTokens: count
    .default(1024)
    .meta({ unit: 'tokens' })
    .describe('Longest prompt: with more, it has fewer demonstrations.'),
};

export type TaskVectorOptions = z.infer<z.ZodObject<typeof taskVectorOptions>>;

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

/** How a task's mean activations were measured. */
type Measurement = Omit<MeanActivations, 'values'>;

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
    const { plugin, backbone, model, random } = this.tools;
    const { heads, control, activations } = this.options;
    const named = await readHeads(heads, { sizes: backbone.sizes, name: model }, `plugin "${plugin}", heads`);
    const stream = random.stream('task-vectors/random-heads');
    this.heads = control === 'random' ? randomHeads(named, backbone.sizes, stream) : named;
    if (isView(activations)) for (const task of tasks) this.samplesOf(task);
    else if (path.isAbsolute(activations) && existsSync(activations))
      this.file = await readVectorFile(activations, backbone.sizes, tasks);
    else {
      const where = `plugin "${plugin}", activations`;
      throw problem('CONFIG_VALUE', { where, expected: `${views.join(', ')} or a safetensors file`, got: activations });
    }
  }

  /** Takes the task's mean activations from the file, or measures them. */
  async beforeTask(moment: TaskMoment): Promise<void> {
    const { task, shared } = moment;
    const { activations } = this.options;
    if (this.file) {
      this.values = this.file.of(task.name, this.heads);
      return;
    }
    const key = `mean activations ${JSON.stringify([this.heads, this.options])}`;
    const { values, ...measurement } = await shared(key, () => this.measure(moment, activations as View));
    this.values = values;
    this.measurements.set(task.name, measurement);
  }

  /** The heads with their mean activations on the task. */
  current(): HeadVectors {
    if (!this.values) throw new Error('TaskVectors.beforeTask has not been called');
    return { heads: this.heads, values: this.values };
  }

  state(): PluginState {
    const json = { measurements: Object.fromEntries(this.measurements) };
    return { tensors: this.values ? { values: tf.tensor1d(this.values) } : {}, json };
  }

  restore({ tensors, json }: PluginState): void {
    this.values = tensors.values && Float32Array.from(tensors.values.dataSync<'float32'>());
    this.measurements.clear();
    for (const [task, measurement] of Object.entries(json.measurements as Record<string, Measurement>)) {
      this.measurements.set(task, measurement);
    }
  }

  /** The heads, and how each task's mean activations were measured. */
  summary(): Record<string, unknown> {
    return { heads: this.heads, tasks: Object.fromEntries(this.measurements) };
  }

  private measure({ task, taskIndex, passes }: TaskMoment, view: View): MeanActivations {
    const { backbone, tokenizer, random } = this.tools;
    const { shots, prompts, demonstrationSets, promptTokens, minCorrect } = this.options;
    const maxTokens = Math.min(promptTokens, backbone.sizes.maxPositions);
    const made = inContextPrompts(
      this.samplesOf(task),
      { shots, prompts, demonstrationSets, maxTokens },
      tokenizer,
      random.stream(`task-vectors/task-${taskIndex + 1}/prompts`),
    );
    if (made.length === 0) throw this.tooFew(task, `none that fits ${maxTokens} tokens`);
    const settings = { heads: this.heads, minCorrect, pad: tokenizer.padding };
    this.tools.logger.info(`measuring mean activations on "${task.name}": ${made.length} prompts`);
    const measured = meanActivations(passes.model(view), made, settings);
    this.tellCounts(task, measured);
    return measured;
  }

  private tellCounts({ name }: Task, { correct, prompts, correctOnly }: Measurement): void {
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
