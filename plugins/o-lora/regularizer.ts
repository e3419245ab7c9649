import * as tf from '@tensorflow/tfjs-core';
import {
  ADAPTER,
  type Adapter,
  inject,
  injectable,
  type LowRankFactors,
  OPTIONS,
  type PenaltyMoment,
  type Regularizer,
  type TaskMoment,
  vectorNorm,
  type z,
} from '../../core/index.js';
import type { oLoraOptions } from './plugin.js';

/**
 * lambda_1 sum over sites and earlier tasks of sum |A_prev A_cur^T| + lambda_2 sum over sites of |A_cur|_2 + |B_cur|_2, A [r, in];
 * norms are not squared. [], nats.
 */
@injectable()
export class OrthogonalPairs implements Regularizer {
  readonly over = 'weights';
  readonly startsAt: number;
  /** A of all earlier tasks, stacked by rows [sum of r, in], by site. */
  private readonly earlier = new Map<string, tf.Tensor2D>();

  constructor(
    @inject(ADAPTER) private readonly adapter: Adapter,
    @inject(OPTIONS) private readonly options: z.infer<typeof oLoraOptions>,
  ) {
    this.startsAt = firstTask(options.lambda1, options.lambda2);
  }

  beforeTask(_: TaskMoment): void {
    this.readEarlier();
  }

  penalty({ step }: PenaltyMoment): tf.Scalar {
    const [lambda1, lambda2] = [this.options.lambda1, this.options.lambda2].map((all) => weightAt(all, step.taskIndex));
    const terms = this.adapter.sites.flatMap((site) => {
      const current = this.adapter.factors?.(site, 'current');
      if (!current) return [];
      const earlier = this.earlier.get(site.name);
      return [
        ...(earlier && lambda1 > 0 ? [tf.mul(lambda1, this.overlap(earlier, current))] : []),
        ...(lambda2 > 0 ? [tf.mul(lambda2, tf.add(vectorNorm(current.a), vectorNorm(current.b)))] : []),
      ];
    });
    return terms.length === 0 ? tf.scalar(0) : (tf.addN(terms) as tf.Scalar);
  }

  /** What it holds are the adapter's earlier pairs, which the adapter itself saves. */
  state() {
    return { tensors: {}, json: {} };
  }

  restore(): void {
    this.readEarlier();
  }

  dispose(): void {
    tf.dispose([...this.earlier.values()]);
    this.earlier.clear();
  }

  private overlap(earlier: tf.Tensor2D, { a }: LowRankFactors): tf.Scalar {
    const overlap = tf.matMul(earlier, a, false, true);
    return tf.sum(this.options.entries === 'absolute' ? tf.abs(overlap) : tf.square(overlap)) as tf.Scalar;
  }

  private readEarlier(): void {
    this.dispose();
    for (const { site, a, rank, inFeatures } of this.adapter.pairs?.('earlier') ?? []) {
      this.earlier.set(site, tf.tensor2d(a, [rank, inFeatures]));
    }
  }
}

/** The first task in which anything is charged: overlap needs an earlier task. */
function firstTask(lambda1: Weights, lambda2: Weights): number {
  const listed = Math.max(...[lambda1, lambda2].map((weights) => (typeof weights === 'number' ? 1 : weights.length)));
  const tasks = Array.from({ length: listed + 1 }, (_, task) => task);
  return tasks.find((task) => weightAt(lambda2, task) > 0 || (task > 0 && weightAt(lambda1, task) > 0)) ?? 1;
}

type Weights = number | readonly number[];

function weightAt(weights: Weights, task: number): number {
  return typeof weights === 'number' ? weights : weights[Math.min(task, weights.length - 1)];
}
