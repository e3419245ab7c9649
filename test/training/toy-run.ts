import type * as tf from '@tensorflow/tfjs-core';
import { trainingSchema } from '../../core/config/schema.js';
import type { Adapter } from '../../core/contracts/adapter.js';
import type { BenchmarkData, Task } from '../../core/contracts/benchmark.js';
import type { TaskMoment } from '../../core/contracts/moments.js';
import type { StepRecord } from '../../core/contracts/observer.js';
import type { Tokenizer } from '../../core/contracts/tokenizer.js';
import { toyWeights } from '../../core/testing/toy-weights.js';
import { encodeExample, trainingBatch } from '../../core/text/examples.js';
import { seededRandom } from '../../core/training/random.js';
import { type SequenceParts, trainSequence } from '../../core/training/sequence.js';
import { prepareTasks } from '../../core/training/task-data.js';
import { TaskPasses } from '../../core/training/task-passes.js';
import { IncLora } from '../../plugins/inc-lora/adapter.js';
import { incLoraOptions } from '../../plugins/inc-lora/options.js';
import { LlamaBackbone } from '../../plugins/llama/backbone.js';

/** Characters a-z are tokens 3-28; 0 ends a sequence. */
export const letters: Tokenizer = {
  vocabularySize: 32,
  endOfSequence: 0,
  padding: 0,
  encode: (text) => [...text].map((c) => c.charCodeAt(0) - 94),
  decode: (ids) => ids.map((id) => String.fromCharCode(id + 94)).join(''),
  renderChat: () => '',
};

export async function toyLlama(recompute: 'none' | 'layer' | number = 'none'): Promise<LlamaBackbone> {
  const backbone = new LlamaBackbone(toyWeights(), { recompute });
  await backbone.load();
  return backbone;
}

export function toyLora(backbone: LlamaBackbone, options: Record<string, unknown> = {}): IncLora {
  return new IncLora(incLoraOptions.parse({ rank: 2, alpha: 4, ...options }), backbone, seededRandom(1), '.');
}

export const toySettings = (settings: Record<string, unknown> = {}) =>
  trainingSchema.parse({ batchSize: 2, learningRate: 0.01, allowIdle: true, ...settings });

/** Rows of prompt and answer as one padded batch. */
export function toyBatch(...examples: [prompt: string, answer: string][]) {
  const settings = { maxInputTokens: 50, maxOutputTokens: 50, overflow: 'refuse', answerEnd: 'eos' } as const;
  const encoded = examples.map(([prompt, answer]) => encodeExample({ prompt, answer }, letters, settings));
  return trainingBatch(
    encoded,
    encoded.map((_, i) => i),
    letters.padding,
  );
}

export function toyTask(name: string, examples: [string, string][], epochs = 1): Task {
  return { name, epochs, train: examples.map(([prompt, answer]) => ({ prompt, answer })) };
}

export interface ToyMomentOptions {
  readonly name?: string;
  readonly taskIndex?: number;
  /** Rows of a batch. */
  readonly batchSize?: number;
  readonly validation?: [string, string][];
}

/** A moment of a task that trains on these examples, with its passes. */
export function toyMoment(
  model: { backbone: LlamaBackbone; adapter: Adapter },
  examples: [string, string][],
  { name = 'toy', taskIndex = 0, batchSize = 2, validation = [] }: ToyMomentOptions = {},
): TaskMoment {
  const task = { ...toyTask(name, examples), validation: validation.map(([prompt, answer]) => ({ prompt, answer })) };
  const data: BenchmarkData = { tasks: [task], heldOut: [], files: [], answerEnd: 'eos' };
  const [prepared] = prepareTasks(data, letters, toySettings({ batchSize }), model.backbone.sizes.maxPositions);
  const passes = new TaskPasses(model, prepared, batchSize, letters.padding);
  const { steps, examples: encoded } = prepared;
  return { task, taskIndex, steps, examples: encoded, passes, shared: async (_, make) => make() };
}

/** Parts of a sequence on the toy model; `records` fills with the steps' records. */
export async function toySequence(
  tasks: Task[],
  { settings = {}, adapter = {}, ...parts }: ToyOptions = {},
): Promise<SequenceParts & { records: StepRecord[]; backbone: LlamaBackbone; adapter: IncLora }> {
  const backbone = await toyLlama();
  const records: StepRecord[] = [];
  return {
    records,
    backbone,
    adapter: toyLora(backbone, adapter),
    regularizers: [],
    interventions: [],
    data: { tasks, heldOut: [], files: [], answerEnd: 'eos' },
    tokenizer: letters,
    random: seededRandom(1),
    settings: toySettings(settings),
    observers: [{ stepDone: (record) => void records.push(record) }],
    betweenTasks: () => {},
    ...parts,
  };
}

export interface ToyOptions extends Partial<Omit<SequenceParts, 'adapter' | 'settings' | 'backbone'>> {
  readonly settings?: Record<string, unknown>;
  readonly adapter?: Record<string, unknown>;
}

/** Trains the tasks on the toy model and returns the records. */
export async function trainToy(tasks: Task[], options: ToyOptions = {}): Promise<StepRecord[]> {
  const parts = await toySequence(tasks, options);
  await trainSequence(parts);
  parts.adapter.dispose();
  parts.backbone.dispose();
  return parts.records;
}

export function numbers(tensor: tf.Tensor): number[] {
  return [...tensor.dataSync()];
}
