import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { trainingSchema } from '../../core/config/schema.js';
import type { LowRankPair } from '../../core/contracts/adapter.js';
import type { StepRecord } from '../../core/contracts/observer.js';
import { currentEngine } from '../../core/engine/engine.js';
import { tokenCrossEntropy } from '../../core/engine/ops/cross-entropy.js';
import { seededRandom } from '../../core/training/random.js';
import { trainSequence } from '../../core/training/sequence.js';
import { openWeights } from '../../core/weights/open.js';
import { readPeft } from '../../core/weights/peft.js';
import { IncLora } from '../../plugins/inc-lora/adapter.js';
import { incLoraOptions } from '../../plugins/inc-lora/options.js';
import { LlamaBackbone } from '../../plugins/llama/backbone.js';
import { realModel } from '../real-model.js';
import { batchOf, examplesOf, type ReferenceBatch, tokensOnly } from './methods.js';

interface Variant {
  loss: number[];
  grad_norm: number[];
  A_norm: number[];
  B_norm: number[];
  final_eval_loss_batch0: number;
}

interface Reference {
  batches: ReferenceBatch[];
  variants: Record<'main' | 'accum2_token_mean', Variant>;
}

const folder = new URL('../reference/', import.meta.url).pathname;
const reference: Reference = JSON.parse(readFileSync(`${folder}lora_train.json`, 'utf8'));
const examples = reference.batches.flatMap(examplesOf);

const norm = (arrays: Float32Array[]) =>
  Math.sqrt(arrays.reduce((sum, array) => sum + array.reduce((own, x) => own + x * x, 0), 0));
const norms = (pairs: LowRankPair[]) => ({ a: norm(pairs.map(({ a }) => a)), b: norm(pairs.map(({ b }) => b)) });

const files = realModel();
const missing = files ? undefined : 'smollm2-135m-instruct is not in the cache: `palimpsest model pull` fetches it';

describe.skipIf(missing)(
  `training SmolLM2-135M from the reference's first adapter${missing ? ` (${missing})` : ''}`,
  () => {
    let backbone: LlamaBackbone;
    beforeAll(async () => {
      if (!files || currentEngine().name !== 'native') return;
      backbone = new LlamaBackbone(await openWeights(files), { recompute: 'none' });
      await backbone.load();
    });
    afterAll(() => backbone?.dispose());

    /** Trains the reference's batches in order; the adapter is taken out of the weights again afterwards. */
    async function trained(accumulate: number) {
      const options = incLoraOptions.parse({ init: 'adapters/init' });
      const adapter = new IncLora(options, backbone, seededRandom(1), folder);
      const records: (StepRecord & { a: number; b: number })[] = [];
      const tensors: number[] = [];
      let finalLoss = 0;
      await trainSequence({
        backbone,
        adapter,
        tokenizer: tokensOnly,
        regularizers: [],
        interventions: [],
        random: seededRandom(1),
        data: { tasks: [{ name: 'reference', epochs: 1, train: examples }], heldOut: [], files: [], answerEnd: 'eos' },
        settings: trainingSchema.parse({
          ...{ batchSize: 4, accumulate, shuffle: false, clip: null },
          ...{ learningRate: 1e-3, schedule: { kind: 'constant' }, weightDecay: 0.01 },
        }),
        observers: [
          {
            stepDone: (record) => {
              records.push({ ...record, ...norms(adapter.pairs('task') ?? []) });
              tensors.push(tf.memory().numTensors);
            },
          },
        ],
        betweenTasks: (row) => {
          if (row === 1) finalLoss = lossOfFirstBatch();
        },
      });
      const pairs = adapter.pairs('task') ?? [];
      adapter.restore({ tensors: {}, json: { tasks: 0 } });
      return { records, tensors, finalLoss, pairs };
    }

    function lossOfFirstBatch(): number {
      const batch = batchOf(examples.slice(0, 4));
      return tf.tidy(() => {
        const { logits } = backbone.forward({ batch, logits: batch.answerPositions });
        const labels = batch.answerPositions.map((position) => batch.labels[position + 1]);
        return tf.mean(tokenCrossEntropy(logits as tf.Tensor2D, labels)).dataSync()[0];
      });
    }

    function expectCurve(records: (StepRecord & { a: number; b: number })[], variant: Variant): void {
      expect(records.length).toBe(variant.loss.length);
      for (const [i, { loss, gradientNorm, a, b }] of records.entries()) {
        expect(Math.abs(loss.total - variant.loss[i])).toBeLessThanOrEqual(3e-4);
        expect(Math.abs(gradientNorm / variant.grad_norm[i] - 1)).toBeLessThanOrEqual(5e-4);
        expect(Math.abs(a / variant.A_norm[i] - 1)).toBeLessThanOrEqual(1e-4);
        expect(Math.abs(b / variant.B_norm[i] - 1)).toBeLessThanOrEqual(1e-3);
      }
    }

    it('follows loss, gradient norm and adapter over 12 steps and leaves no tensor per step', async (context) => {
      if (currentEngine().name !== 'native') return context.skip('the native engine only');
      const { records, tensors, finalLoss, pairs } = await trained(1);
      expectCurve(records, reference.variants.main);
      expect(new Set(tensors).size).toBe(1);
      expect(Math.abs(finalLoss - reference.variants.main.final_eval_loss_batch0)).toBeLessThanOrEqual(1e-3);
      const expected = new Map((await readPeft(`${folder}adapters/final_main`)).pairs.map((pair) => [pair.site, pair]));
      const difference = (side: 'a' | 'b') =>
        norm(pairs.map((pair) => pair[side].map((x, i) => x - (expected.get(pair.site)?.[side][i] ?? Number.NaN))));
      const { a, b } = norms([...expected.values()]);
      expect(Math.hypot(difference('a'), difference('b')) / Math.hypot(a, b)).toBeLessThanOrEqual(1e-3);
    });

    it('follows them with two micro-batches weighted by answer tokens', async (context) => {
      if (currentEngine().name !== 'native') return context.skip('the native engine only');
      const { records, finalLoss } = await trained(2);
      expectCurve(records, reference.variants.accum2_token_mean);
      expect(Math.abs(finalLoss - reference.variants.accum2_token_mean.final_eval_loss_batch0)).toBeLessThanOrEqual(
        1e-3,
      );
    });
  },
);
