import * as tf from '@tensorflow/tfjs-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import type { TaskMoment } from '../../core/contracts/moments.js';
import type { PenaltyMoment } from '../../core/contracts/regularizer.js';
import type { IncLora } from '../../plugins/inc-lora/adapter.js';
import type { LlamaBackbone } from '../../plugins/llama/backbone.js';
import { oLoraOptions } from '../../plugins/o-lora/plugin.js';
import { OrthogonalPairs } from '../../plugins/o-lora/regularizer.js';
import {
  batchOf,
  crossEntropyOf,
  examplesOf,
  loraAt,
  moveTo,
  type ReferenceBatch,
  skipWithout,
  stepOver,
  tooHeavy,
} from './methods.js';
import { largestDifference, largestRatioError, noModel, openRealModel, reference, titled } from './open.js';

interface OrthogonalityCase {
  readonly prev: string[];
  readonly cur: string;
  readonly orthogonal_sum_abs: number;
  readonly orthogonal_sum_sq: number;
  readonly l2_sum_of_norms: number;
}

interface OLoraFile {
  readonly cases: OrthogonalityCase[];
  readonly grad_check: { case: number; tensor: string; grad_l2: number; grad_first8_row0: number[] };
  readonly stacked_forward: {
    batch_index: number;
    first: string;
    second: string;
    loss: Record<'first' | 'second' | 'both' | 'none', number>;
  };
}

const { cases, grad_check, stacked_forward } = reference<OLoraFile>('olora.json');
const { batches } = reference<{ batches: ReferenceBatch[] }>('lora_train.json');
const named = (folder: string) => folder.replace('adapters/', '');

/** Relative, of what is computed of given tensors. */
const TOLERANCE = 1e-5;

describe.skipIf(noModel)(titled('o-lora on SmolLM2-135M-Instruct'), () => {
  let backbone: LlamaBackbone;
  let adapter: IncLora;
  beforeAll(async () => {
    backbone = (await openRealModel()).backbone as LlamaBackbone;
  });
  afterEach(() => {
    adapter?.restore({ tensors: {}, json: { tasks: 0 } });
  });
  afterAll(() => backbone?.dispose());

  /** An adapter in its second task, its pairs those of `current`. */
  async function inSecondTask(first: string, current: string, context: TestContext): Promise<void> {
    for (const name of [first, current]) skipWithout(named(name), context);
    adapter = await loraAt(backbone, named(first));
    adapter.afterTask();
    await adapter.beforeTask({ taskIndex: 1 } as TaskMoment);
    await moveTo(adapter, named(current));
  }

  /** Runs with the term as it stands in the second task. */
  function withTerm<R>(options: object, use: (term: () => tf.Scalar) => R): R {
    const regularizer = new OrthogonalPairs(adapter, oLoraOptions.parse(options));
    regularizer.beforeTask({} as TaskMoment);
    try {
      return use(() => regularizer.penalty({ step: { taskIndex: 1 } } as PenaltyMoment));
    } finally {
      regularizer.dispose();
    }
  }

  it.for(cases)('charges the overlap and the norms of $cur after $prev.0', async ({ prev, cur, ...want }, context) => {
    await inSecondTask(prev[0], cur, context);
    const charge = (options: object) => withTerm(options, (term) => tf.tidy(() => term().dataSync()[0]));
    const got = [
      charge({ lambda1: 1 }),
      charge({ lambda1: 1, entries: 'squared' }),
      charge({ lambda1: 0, lambda2: 1 }),
      charge({ lambda1: 0.5, lambda2: 0.1 }),
    ];
    const { orthogonal_sum_abs: overlap, orthogonal_sum_sq: squared, l2_sum_of_norms: norms } = want;
    const expected = [overlap, squared, norms, 0.5 * overlap + 0.1 * norms];
    expect(largestRatioError(got, expected)).toBeLessThanOrEqual(TOLERANCE);
  });

  it("has the overlap's gradient", async (context) => {
    const { prev, cur } = cases[grad_check.case];
    await inSecondTask(prev[0], cur, context);
    const variable = adapter.trainable()[grad_check.tensor.replace('base_model.model.', '').replace(/\.weight$/, '')];
    const gradient = withTerm({ lambda1: 1 }, (term) =>
      tf.tidy(() => tf.variableGrads(term, [variable]).grads[variable.name].dataSync()),
    );
    expect(largestRatioError([Math.hypot(...gradient)], [grad_check.grad_l2])).toBeLessThanOrEqual(TOLERANCE);
    const { grad_first8_row0: first } = grad_check;
    expect(largestRatioError(gradient.slice(0, first.length), first)).toBeLessThanOrEqual(TOLERANCE);
  });

  it('trains on the sum of both pairs, before which stand the first one and none', async (context) => {
    if (tooHeavy()) return context.skip(tooHeavy());
    const { batch_index, first, second, loss } = stacked_forward;
    await inSecondTask(first, second, context);
    const rows = batchOf(examplesOf(batches[batch_index]));
    const regularizers = { first: crossEntropyOf('before-this-task'), none: crossEntropyOf('initial') };
    const { loss: got } = stepOver(rows, { backbone, adapter, regularizers }).record;
    adapter.restore({ tensors: {}, json: { tasks: 0 } });
    adapter = await loraAt(backbone, named(second));
    const alone = stepOver(rows, { backbone, adapter }).record.loss.crossEntropy;
    const losses = [got.first, alone, got.crossEntropy, got.none];
    expect(largestDifference(losses, [loss.first, loss.second, loss.both, loss.none])).toBeLessThan(3e-4);
  });
});
