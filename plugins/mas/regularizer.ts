import * as tf from '@tensorflow/tfjs-core';
import {
  ADAPTER,
  type Adapter,
  inject,
  injectable,
  type NamedTensors,
  OPTIONS,
  type PassResult,
  type PluginState,
  RANDOM,
  type RandomSource,
  type Regularizer,
  rowMeans,
  sampleMeans,
  type TaskMoment,
  type TrainingBatch,
  WeightAnchor,
  type z,
} from '../../core/index.js';
import type { masOptions } from './plugin.js';

/**
 * lambda * sum over weights i of Omega_i (w_i - w*_i)^2 (Eq. 4), w* the weights as the last task left them and Omega the sum of
 * all tasks' importances. [], nats.
 */
@injectable()
export class MemoryAwareSynapses implements Regularizer {
  readonly over = 'weights';
  readonly startsAt = 1;
  private readonly anchor: WeightAnchor;

  constructor(
    @inject(OPTIONS) private readonly options: z.infer<typeof masOptions>,
    @inject(ADAPTER) adapter: Adapter,
    @inject(RANDOM) private readonly random: RandomSource,
  ) {
    this.anchor = new WeightAnchor(adapter, options.over);
  }

  penalty(): tf.Scalar {
    return tf.mul(this.anchor.distance(), this.options.lambda);
  }

  afterTask(moment: TaskMoment): void {
    const importance = this.measure(moment);
    this.anchor.set(importance, { online: this.options.decay });
    tf.dispose(importance);
  }

  state(): PluginState {
    return this.anchor.state();
  }

  restore(state: PluginState): void {
    this.anchor.restore(state);
  }

  dispose(): void {
    this.anchor.dispose();
  }

  /** Mean over samples k of |g_k|, g_k the gradient of the sample's output norm (Eqs. 2 and 3); the caller disposes it. */
  private measure(moment: TaskMoment): NamedTensors {
    const { over, samples } = this.options;
    const of = over === 'adapter' ? 'variables' : 'weights';
    const stream = this.random.stream(`mas/task-${moment.taskIndex + 1}/samples`);
    return sampleMeans(moment, { samples, stream }, (rows) => ({
      sum: moment.passes.gradients({ rows, of, reduce: 'sum-of-magnitudes', logits: 'answers' }, (result) =>
        outputNorms(result, rows),
      ),
      count: rows.rows,
    }));
  }
}

/** Of every row the mean over its answer positions of the squared L2 norm of the logits there [B]. */
function outputNorms({ logits }: PassResult, rows: TrainingBatch): tf.Tensor1D {
  return rowMeans(tf.sum(tf.square(logits as tf.Tensor2D), -1), rows);
}
