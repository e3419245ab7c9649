import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PassResult } from '../../core/contracts/passes.js';
import type { NamedTensors } from '../../core/contracts/tensors.js';
import { tokenCrossEntropy } from '../../core/engine/ops/cross-entropy.js';
import { nextLabels } from '../../core/text/examples.js';
import { l2Norm, Packing } from '../../core/training/packing.js';
import { seededRandom } from '../../core/training/random.js';
import { rowMeans } from '../../core/training/row-means.js';
import { ewcOptions } from '../../plugins/ewc/plugin.js';
import { ElasticWeightConsolidation } from '../../plugins/ewc/regularizer.js';
import type { IncLora } from '../../plugins/inc-lora/adapter.js';
import type { LlamaBackbone } from '../../plugins/llama/backbone.js';
import {
  batchOf,
  examplesOf,
  loraAt,
  momentOf,
  moveTo,
  type ReferenceBatch,
  skipWithout,
  tooHeavy,
} from './methods.js';
import { largestDifference, largestRatioError, noModel, openRealModel, reference, titled } from './open.js';

interface FisherForm {
  readonly losses: number[];
  readonly sum: number;
  readonly max: number;
  readonly sum_per_tensor: Record<string, number>;
  readonly entries: { tensor: string; flat_index: number; value: number }[];
  readonly penalty_half_lambda400: number;
  readonly penalty_half_lambda400_grad_norm: number;
}

const { samples, forms } = reference<{ samples: ReferenceBatch[]; forms: { mean: FisherForm } }>('ewc.json');
const want = forms.mean;
const examples = samples.flatMap(examplesOf);

/** Relative, of Fisher entries and of what is computed of them. */
const TOLERANCE = 1e-3;

const sumOf = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0);
/** What the adapter calls a tensor of the reference. */
const nameOf = (tensor: string) => tensor.replace('base_model.model.', '').replace(/\.weight$/, '');

describe.skipIf(noModel)(titled('ewc on SmolLM2-135M-Instruct'), () => {
  let backbone: LlamaBackbone;
  let adapter: IncLora;
  let ewc: ElasticWeightConsolidation;
  beforeAll(async () => {
    if (tooHeavy()) return;
    backbone = (await openRealModel()).backbone as LlamaBackbone;
    adapter = await loraAt(backbone, 'final_main', 'single');
    ewc = new ElasticWeightConsolidation(ewcOptions.parse({}), adapter, seededRandom(1));
    ewc.afterTask(momentOf({ backbone, adapter }, examples));
  });
  afterAll(() => {
    for (const part of [ewc, adapter, backbone]) part?.dispose();
  });

  it('takes the loss of a sample as the mean over its answer', (context) => {
    if (tooHeavy()) return context.skip(tooHeavy());
    const rows = batchOf(examples);
    const losses = ({ logits }: PassResult) =>
      rowMeans(tokenCrossEntropy(logits as tf.Tensor2D, nextLabels(rows)), rows).dataSync();
    const { passes } = momentOf({ backbone, adapter }, examples);
    expect(largestDifference(passes.run({ rows, logits: 'answers' }, losses), want.losses)).toBeLessThanOrEqual(3e-4);
  });

  it("estimates the reference's Fisher information, though from padded batches of four samples", (context) => {
    if (tooHeavy()) return context.skip(tooHeavy());
    const { tensors } = ewc.state();
    const fisher = (tensor: string) => tensors[`s0/${nameOf(tensor)}`].dataSync<'float32'>();
    const names = Object.keys(want.sum_per_tensor);
    const sums = names.map((name) => sumOf(fisher(name)));
    expect(largestRatioError(sums, Object.values(want.sum_per_tensor))).toBeLessThanOrEqual(TOLERANCE);
    expect(largestRatioError([sums.reduce((a, b) => a + b)], [want.sum])).toBeLessThanOrEqual(TOLERANCE);
    const largest = Math.max(...names.map((name) => fisher(name).reduce((a, b) => Math.max(a, b))));
    expect(largestRatioError([largest], [want.max])).toBeLessThanOrEqual(TOLERANCE);
    const entries = want.entries.filter(({ value }) => value > 1e-6 * want.max);
    expect(entries.length).toBeGreaterThan(18);
    const got = entries.map(({ tensor, flat_index }) => fisher(tensor)[flat_index]);
    const values = entries.map(({ value }) => value);
    expect(largestRatioError(got, values)).toBeLessThanOrEqual(TOLERANCE);
    tf.dispose(tensors);
  });

  it('charges the reference penalty, of its gradient, for another adapter', async (context) => {
    if (tooHeavy()) return context.skip(tooHeavy());
    skipWithout('perturbed', context);
    const variables = adapter.trainable();
    const measure = () =>
      tf.tidy(() => {
        const { value, grads } = tf.variableGrads(() => ewc.penalty(), Object.values(variables));
        const byName = Object.entries(variables).map(([name, variable]) => [name, grads[variable.name]]);
        const norm = l2Norm(new Packing(variables).pack(Object.fromEntries(byName) as NamedTensors));
        return [value.dataSync()[0], norm];
      });
    expect(measure()).toEqual([0, 0]);
    await moveTo(adapter, 'perturbed');
    const expected = [want.penalty_half_lambda400, want.penalty_half_lambda400_grad_norm];
    expect(largestRatioError(measure(), expected)).toBeLessThanOrEqual(TOLERANCE);
  });
});
