import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import type { TestContext } from 'vitest';
import { trainingSchema } from '../../core/config/schema.js';
import type { TrainingBatch } from '../../core/contracts/batch.js';
import type { TokenExample } from '../../core/contracts/benchmark.js';
import type { Intervention } from '../../core/contracts/intervention.js';
import type { TaskMoment } from '../../core/contracts/moments.js';
import type { StepRecord } from '../../core/contracts/observer.js';
import type { AdapterView } from '../../core/contracts/passes.js';
import type { Regularizer } from '../../core/contracts/regularizer.js';
import type { Tokenizer } from '../../core/contracts/tokenizer.js';
import { currentEngine } from '../../core/engine/engine.js';
import { tokenCrossEntropy } from '../../core/engine/ops/cross-entropy.js';
import { encodeExample, nextLabels, trainingBatch } from '../../core/text/examples.js';
import { IdleWatch } from '../../core/training/idle-watch.js';
import { KeptPasses } from '../../core/training/kept-passes.js';
import { KeptRows } from '../../core/training/kept-rows.js';
import { seededRandom } from '../../core/training/random.js';
import { TaskTrainer } from '../../core/training/step.js';
import { TaskPasses } from '../../core/training/task-passes.js';
import { readPeft } from '../../core/weights/peft.js';
import { IncLora } from '../../plugins/inc-lora/adapter.js';
import { incLoraOptions } from '../../plugins/inc-lora/options.js';
import type { LlamaBackbone } from '../../plugins/llama/backbone.js';

/** A batch as the reference's files hold it, padded on the right. */
export interface ReferenceBatch {
  readonly input_ids: number[][];
  readonly attention_mask: number[][];
  readonly labels: number[][];
}

/** Why heavy tests are left out on this engine; undefined where they are not. */
export function tooHeavy(): string | undefined {
  return currentEngine().name === 'native' ? undefined : 'the native engine only';
}

/** Absolute path of a file of reference values. */
export function referenceFile(name: string): string {
  return fileURLToPath(new URL(`../reference/${name}`, import.meta.url));
}

/** The folder of one of the reference's adapters; two of them are not copied into this repository. */
function adapterFolder(name: string): string {
  const own = referenceFile(`adapters/${name}`);
  return existsSync(own) ? own : fileURLToPath(new URL(`../../../shared/checks/adapters/${name}`, import.meta.url));
}

/** Leaves a test out whose adapter is not there. */
export function skipWithout(name: string, context: TestContext): void {
  if (!existsSync(adapterFolder(name))) context.skip(`the reference's adapter "${name}" is not on this machine`);
}

/** For examples that are tokens already. */
export const tokensOnly: Tokenizer = {
  vocabularySize: 49152,
  endOfSequence: 2,
  padding: 2,
  encode: () => [],
  decode: () => '',
  renderChat: () => '',
};

/** The batch's rows without their padding. */
export function examplesOf({ input_ids, attention_mask, labels }: ReferenceBatch): TokenExample[] {
  return input_ids.map((ids, row) => {
    const length = attention_mask[row].reduce((sum, bit) => sum + bit, 0);
    return { tokens: ids.slice(0, length), labels: labels[row].slice(0, length) };
  });
}

const settings = { maxInputTokens: 512, maxOutputTokens: 512, overflow: 'refuse', answerEnd: 'eos' } as const;
const encoded = (examples: readonly TokenExample[]) =>
  examples.map((example) => encodeExample(example, tokensOnly, settings));

/** All examples as one batch, padded on the right. */
export function batchOf(examples: readonly TokenExample[]): TrainingBatch {
  return trainingBatch(encoded(examples), [...examples.keys()], tokensOnly.padding);
}

/** [row, index within it] of flat positions. */
export function placesOf(positions: Int32Array, { length }: TrainingBatch): [number, number][] {
  return Array.from(positions, (position) => [Math.floor(position / length), position % length]);
}

/** A LoRA of rank 8 on q_proj and v_proj in its first task, which begins with an adapter of the reference. */
export async function loraAt(
  backbone: LlamaBackbone,
  name: string,
  growth: 'per-task' | 'single' = 'per-task',
): Promise<IncLora> {
  const options = incLoraOptions.parse({ init: adapterFolder(name), growth });
  const adapter = new IncLora(options, backbone, seededRandom(1), '.');
  await adapter.beforeTask({ taskIndex: 0 } as TaskMoment);
  return adapter;
}

/** Gives the adapter's variables the values of an adapter of the reference. */
export async function moveTo(adapter: IncLora, name: string): Promise<void> {
  const variables = adapter.trainable();
  const assign = (variable: tf.Variable, values: Float32Array) =>
    tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
  for (const { site, a, b } of (await readPeft(adapterFolder(name))).pairs) {
    assign(variables[`${site}.lora_A`], a);
    assign(variables[`${site}.lora_B`], b);
  }
}

interface RealRun {
  readonly backbone: LlamaBackbone;
  readonly adapter: IncLora;
}

/** The cross-entropy of the batch under other adapters, as a term of a step's loss. */
export function crossEntropyOf(adapters: AdapterView): Regularizer {
  return {
    over: 'answers',
    startsAt: 0,
    passes: () => ({ own: { adapters, logits: 'answers' } }),
    penalty: ({ passes: { own }, batch }) =>
      tf.mean(tokenCrossEntropy(own.logits as tf.Tensor2D, nextLabels(batch))) as tf.Scalar,
  };
}

/** A moment of the first task, which trains on these examples. */
export function momentOf(
  run: RealRun,
  examples: readonly TokenExample[],
  { name = 'reference', batchSize = 4 } = {},
): TaskMoment {
  const task = { name, epochs: 1, train: examples };
  const prepared = { task, examples: encoded(examples), steps: 1, truncated: { prompts: 0, answers: 0 } };
  const passes = new TaskPasses(run, prepared, batchSize, tokensOnly.padding);
  return { task, taskIndex: 0, steps: 1, examples: prepared.examples, passes, shared: async (_, make) => make() };
}

interface StepParts extends RealRun {
  /** By the names of their terms. */
  readonly regularizers?: Readonly<Record<string, Regularizer>>;
  readonly intervention?: Intervention;
}

/** One optimizer step over the batch that changes nothing: its record, and the gradient's L2 norm by layer. */
export function stepOver(
  batch: TrainingBatch,
  { backbone, adapter, regularizers = {}, intervention }: StepParts,
): { record: StepRecord; layerNorms: number[] } {
  const layerNorms: number[] = [];
  const listener: Regularizer = {
    over: 'weights',
    startsAt: Number.POSITIVE_INFINITY,
    penalty: () => tf.scalar(0),
    afterStep: ({ gradients }) => {
      for (const [name, gradient] of Object.entries(gradients)) {
        const layer = Number(/layers\.(\d+)\./.exec(name)?.[1]);
        layerNorms[layer] = Math.hypot(layerNorms[layer] ?? 0, ...gradient.dataSync());
      }
    },
  };
  const named = Object.entries({ ...regularizers, listener });
  const run = {
    backbone,
    adapter,
    regularizers: named.map(([name, regularizer]) => ({ name, regularizer })),
    interventions: intervention ? [{ name: 'intervention', intervention }] : [],
  };
  const trainer = new TaskTrainer({
    run,
    task: 'reference',
    settings: trainingSchema.parse({ learningRate: 0, weightDecay: 0, clip: null }),
    random: seededRandom(1),
    kept: new KeptPasses(new KeptRows({ memory: 0, disk: 0 })),
    watch: new IdleWatch(run, { names: [] }),
  });
  try {
    const record = trainer.step([batch], { step: 1, taskIndex: 0, taskStep: 0, taskSteps: 1, epoch: 0, epochs: 1 });
    return { record, layerNorms };
  } finally {
    trainer.dispose();
  }
}
