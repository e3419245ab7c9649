import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Adapter, LinearSite, LowRankPair, PenaltyMoment, TaskMoment } from '../../core/index.js';
import { expectClose, toyLosses } from '../../core/testing/index.js';
import oLora, { oLoraOptions } from '../../plugins/o-lora/plugin.js';
import { OrthogonalPairs } from '../../plugins/o-lora/regularizer.js';
import { toyLlama, toyLora } from '../training/toy-run.js';

const site = { name: 'layer' } as LinearSite;
const pair = { site: 'layer', inFeatures: 2, outFeatures: 2, scale: 7 };

/** Earlier A = (1 0; 0 2), current A = (3 -4) and B = (5; 12): A_prev A_cur^T = (3; -8), |A| = 5, |B| = 13. */
class ByHand implements Adapter {
  readonly sites = [site];
  readonly a = tf.tidy(() => tf.variable(tf.tensor2d([[3, -4]])));
  readonly b = tf.tidy(() => tf.variable(tf.tensor2d([[5], [12]])));
  readonly earlier: LowRankPair = { ...pair, rank: 2, a: Float32Array.of(1, 0, 0, 2), b: Float32Array.of(9, 9, 9, 9) };

  trainable() {
    return { a: this.a, b: this.b };
  }

  addition() {
    return undefined;
  }

  pairs(which: 'task' | 'earlier' | 'all') {
    return which === 'earlier' ? [this.earlier] : undefined;
  }

  factors() {
    return { a: this.a as tf.Tensor as tf.Tensor2D, b: this.b as tf.Tensor as tf.Tensor2D, scale: 7 };
  }

  dispose(): void {
    tf.dispose([this.a, this.b]);
  }
}

let adapter: ByHand;
let tensors: number;
beforeEach(() => {
  tensors = tf.memory().numTensors;
  adapter = new ByHand();
});
afterEach(() => {
  adapter.dispose();
  expect(tf.memory().numTensors).toBe(tensors);
});

/** Uses the term as it stands in a task. */
function withTerm<R>(
  options: object,
  use: (term: () => tf.Scalar) => R,
  { taskIndex = 1, of = adapter as Adapter } = {},
): R {
  const regularizer = new OrthogonalPairs(of, oLoraOptions.parse(options));
  regularizer.beforeTask({ taskIndex } as TaskMoment);
  const result = tf.tidy(
    () => use(() => regularizer.penalty({ step: { taskIndex } } as PenaltyMoment)) as R & undefined,
  );
  regularizer.dispose();
  return result;
}

const charge = (options: object, taskIndex?: number) =>
  withTerm(options, (term) => term().dataSync()[0], { taskIndex });

describe('o-lora', () => {
  it.each([
    ['half the sum |3| + |-8| of the overlap', {}, 5.5],
    ['3^2 + 8^2', { lambda1: 1, entries: 'squared' }, 73],
    ['the norms 5 + 13, not squared', { lambda1: 0, lambda2: 1 }, 18],
    ['both', { lambda1: 0.5, lambda2: 0.1 }, 7.3],
    ['nothing for weights of 0', { lambda1: 0 }, 0],
  ])('charges %s', (_, options, want) => {
    expect(charge(options)).toBeCloseTo(want, 5);
  });

  it('takes its weights from lists by task, the last ones for all that follow', () => {
    const lists = { lambda1: [0, 1, 2], lambda2: [0.1, 0] };
    expect([0, 1, 2, 5].map((task) => charge(lists, task))).toEqual([1.8, 11, 22, 22].map((x) => expect.closeTo(x, 5)));
  });

  it('begins with the second task, or with the first one where that is charged for its norms', () => {
    const startsAt = (options: object) => new OrthogonalPairs(adapter, oLoraOptions.parse(options)).startsAt;
    expect(startsAt({ lambda1: [1, 2] })).toBe(1);
    expect(startsAt({ lambda2: [0, 0.1] })).toBe(1);
    expect(startsAt({ lambda2: 0.1 })).toBe(0);
  });

  it('pulls A_cur along sign(overlap) A_prev, and B not at all: (1, -2), or squared 2 x (3 x 1, -8 x 2)', () => {
    const gradient = (entries: string) =>
      withTerm({ lambda1: 1, entries }, (term) => {
        const { grads } = tf.variableGrads(term, [adapter.a]);
        return [...grads[adapter.a.name].dataSync()];
      });
    expect(gradient('absolute')).toEqual([1, -2]);
    expect(gradient('squared')).toEqual([6, -32]);
  });

  it.each([{ lambda1: -1 }, { lambda1: [] }, { lambda2: [0.1, -0.1] }, { entries: 'cubed' }])(
    'refuses %o',
    (options) => {
      expect(oLoraOptions.safeParse(options).success).toBe(false);
    },
  );
});

describe('beside inc-lora, o-lora', () => {
  /** The pair of every task drawn anew, as if the task had been learnt. */
  async function learnt(tasks: number) {
    const backbone = await toyLlama();
    const lora = toyLora(backbone);
    for (let taskIndex = 0; taskIndex < tasks; taskIndex++) {
      if (taskIndex > 0) lora.afterTask();
      await lora.beforeTask({ taskIndex } as TaskMoment);
      tf.tidy(() => {
        Object.values(lora.trainable()).forEach((variable, i) => {
          variable.assign(tf.randomNormal(variable.shape, 0, 1, 'float32', 100 * taskIndex + i));
        });
      });
    }
    return { backbone, lora };
  }

  it('charges the third pair for its overlap with each of the first two', async () => {
    const { backbone, lora } = await learnt(3);
    const [earlier, current] = [lora.pairs('earlier') ?? [], lora.pairs('task') ?? []];
    let plain = 0;
    for (const [i, { a, rank, inFeatures }] of earlier.entries()) {
      expect(rank).toBe(4);
      for (let r = 0; r < rank; r++) {
        for (let s = 0; s < current[i].rank; s++) {
          let product = 0;
          for (let x = 0; x < inFeatures; x++) product += a[r * inFeatures + x] * current[i].a[s * inFeatures + x];
          plain += Math.abs(product);
        }
      }
    }
    const got = withTerm({ lambda1: 1 }, (term) => term().dataSync()[0], { taskIndex: 2, of: lora });
    expectClose([got / plain], [1], 1e-5);
    for (const part of [lora, backbone]) part.dispose();
  });

  it('finds the earlier pairs again when the run goes on from a checkpoint', async () => {
    const { backbone, lora } = await learnt(2);
    const regularizer = new OrthogonalPairs(lora, oLoraOptions.parse({}));
    regularizer.restore();
    const [restored] = tf.tidy(() => regularizer.penalty({ step: { taskIndex: 1 } } as PenaltyMoment).dataSync());
    expect(restored).toBe(withTerm({}, (term) => term().dataSync()[0], { of: lora }));
    for (const part of [regularizer, lora, backbone]) part.dispose();
  });

  it.each([1, 2])('forgets less than plain training on the toy tasks, seed %s', async (seed) => {
    const forgotten = async (lambda1: number) => {
      const losses = await toyLosses(oLora, { options: { lambda1 }, seed });
      return losses[2][0] - losses[1][0];
    };
    expect(await forgotten(0.5)).toBeLessThan(0.7 * (await forgotten(0)));
  });
});
