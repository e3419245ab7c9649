import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Adapter } from '../../core/contracts/adapter.js';
import type { Additions, LinearSite } from '../../core/contracts/backbone.js';
import type { TrainingBatch } from '../../core/contracts/batch.js';
import type { PassResult, RowReduction } from '../../core/contracts/passes.js';
import type { NamedTensors } from '../../core/contracts/tensors.js';
import { tokenCrossEntropy } from '../../core/engine/ops/cross-entropy.js';
import { nextLabels, rowMeans } from '../../core/index.js';
import { expectClose } from '../../core/testing/index.js';
import { additionsOf } from '../../core/training/additions.js';
import type { IncLora } from '../../plugins/inc-lora/adapter.js';
import type { LlamaBackbone } from '../../plugins/llama/backbone.js';
import { numbers, toyBatch, toyLlama, toyLora, toyMoment } from './toy-run.js';

const examples: [string, string][] = [
  ['abcd', 'ef'],
  ['g', 'hij'],
  ['klm', 'n'],
];
const batch = toyBatch(...examples);
const reductions = ['sum', 'sum-of-squares', 'sum-of-magnitudes'] as const;

const each: Record<RowReduction, (gradient: tf.Tensor) => tf.Tensor> = {
  sum: (gradient) => tf.clone(gradient),
  'sum-of-squares': (gradient) => tf.square(gradient),
  'sum-of-magnitudes': (gradient) => tf.abs(gradient),
};

let backbone: LlamaBackbone;
let adapter: IncLora;
let tensors: number;
beforeEach(() => {
  tensors = tf.memory().numTensors;
});
afterEach(() => {
  adapter.dispose();
  backbone.dispose();
  expect(tf.memory().numTensors).toBe(tensors);
});

/** A model whose adapter has learnt something. */
async function model(
  recompute: 'none' | 'layer' | number = 'none',
  options: Record<string, unknown> = {},
): Promise<void> {
  backbone = await toyLlama(recompute);
  adapter = toyLora(backbone, options);
  await adapter.beforeTask(toyMoment({ backbone, adapter }, examples));
  tf.tidy(() => {
    Object.values(adapter.trainable()).forEach((variable, i) => {
      variable.assign(tf.randomNormal(variable.shape, 0, 0.3, 'float32', i + 1));
    });
  });
}

/** Mean cross-entropy of every row's answer. */
const losses =
  (rows: TrainingBatch) =>
  ({ logits }: Pick<PassResult, 'logits'>) =>
    rowMeans(tokenCrossEntropy(logits as tf.Tensor2D, nextLabels(rows)), rows);

/** What the pass runner makes of the whole batch. */
function together(of: 'variables' | 'weights', reduce: RowReduction, by: Adapter = adapter): NamedTensors {
  const { passes } = toyMoment({ backbone, adapter: by }, examples);
  return passes.gradients({ rows: batch, of, reduce, logits: 'answers' }, losses(batch));
}

/** The same by plain gradients over batches of one, without padding. */
function oneByOne(reduce: RowReduction, xs: Record<string, tf.Tensor>, additions: Additions): NamedTensors {
  return tf.tidy(() => {
    const parts = examples.map((example) => {
      const rows = toyBatch(example);
      const loss = () => {
        const { logits } = backbone.forward({ batch: rows, logits: rows.answerPositions, additions });
        return tf.sum(losses(rows)({ logits })) as tf.Scalar;
      };
      return tf.engine().gradients(loss, Object.values(xs), undefined, true).grads.map(each[reduce]);
    });
    return Object.fromEntries(Object.keys(xs).map((name, i) => [name, tf.addN(parts.map((part) => part[i]))]));
  });
}

function expectSame(got: NamedTensors, want: NamedTensors): void {
  expect(Object.keys(got)).toEqual(Object.keys(want));
  for (const [name, tensor] of Object.entries(want)) {
    expect(got[name].shape).toEqual(tensor.shape);
    expectClose(got[name], tensor, 2e-5 * Math.max(1, ...numbers(tensor).map(Math.abs)), name);
  }
  tf.dispose([got, want]);
}

const onVariables = (reduce: RowReduction) => oneByOne(reduce, adapter.trainable(), additionsOf(adapter, 'current'));

describe.each(reductions)('the %s of the gradients of rows', (reduce) => {
  it.each(['none', 'layer', 2] as const)(
    'of low-rank pairs is that over batches of one, recompute: %s',
    async (how) => {
      await model(how);
      expectSame(together('variables', reduce), onVariables(reduce));
    },
  );

  it('of an adapter of which no factors are known is the same', async () => {
    await model();
    const unknown: Adapter = Object.create(adapter, { factors: { value: undefined } });
    expectSame(together('variables', reduce, unknown), onVariables(reduce));
  });

  it.each(['none', 'layer', 2] as const)(
    'of merged weights is that over batches of one, recompute: %s',
    async (how) => {
      await model(how);
      const zeros = ({ inFeatures, outFeatures }: LinearSite) =>
        tf.tidy(() => tf.variable(tf.zeros([outFeatures, inFeatures])));
      const differences = Object.fromEntries(adapter.sites.map((site) => [site.name, zeros(site)]));
      const additions: Additions = (site) => {
        const own = adapter.addition(site, 'current');
        if (!own) return undefined;
        return {
          inputs: [...own.inputs, differences[site.name]],
          apply: (x, [a, b, difference]) =>
            tf.add(own.apply(x, [a, b]), tf.matMul(x, difference as tf.Tensor2D, false, true)),
        };
      };
      expectSame(together('weights', reduce), oneByOne(reduce, differences, additions));
      tf.dispose(differences);
    },
  );
});

describe('gradients of rows', () => {
  it('meet no dropout', async () => {
    await model('none', { dropout: 0.5 });
    const got = together('variables', 'sum-of-squares');
    adapter.dispose();
    backbone.dispose();
    await model();
    expectSame(got, onVariables('sum-of-squares'));
  });

  it('of a loss that reaches no variable are zeros', async () => {
    await model();
    const { passes } = toyMoment({ backbone, adapter }, examples);
    const request = { rows: batch, of: 'variables', reduce: 'sum', logits: 'answers' } as const;
    const gradients = passes.gradients(request, () => tf.ones([batch.rows]));
    expect(Object.keys(gradients)).toEqual(Object.keys(adapter.trainable()));
    for (const gradient of Object.values(gradients)) expect(numbers(gradient).every((value) => value === 0)).toBe(true);
    tf.dispose(gradients);
  });
});

describe('means by row', () => {
  it('of 1 and 3 in the first row and 5 in the second are 2 and 5, and 0 in a row without any', async () => {
    await model();
    const rows = { rows: 3, length: 4, answerPositions: Int32Array.of(1, 2, 7) } as unknown as TrainingBatch;
    expect(tf.tidy(() => numbers(rowMeans(tf.tensor1d([1, 3, 5]), rows)))).toEqual([2, 5, 0]);
  });
});
