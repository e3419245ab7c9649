import * as tf from '@tensorflow/tfjs-core';
import {
  ADAPTER,
  type Adapter,
  inject,
  injectable,
  type NamedTensors,
  OPTIONS,
  type PluginState,
  RANDOM,
  type RandomSource,
  type Regularizer,
  type TaskMoment,
  type UpdateMoment,
  WeightAnchor,
} from '../../core/index.js';
import { fisherInformation } from './fisher.js';
import type { EwcOptions } from './plugin.js';

/**
 * lambda / 2 * sum over earlier tasks k and weights i of F_k,i (w_i - w*_k,i)^2, w*_k the weights after task k and F_k the
 * diagonal of the Fisher information there. [], nats.
 */
@injectable()
export class ElasticWeightConsolidation implements Regularizer {
  readonly over = 'weights';
  readonly startsAt = 1;
  /** Only where Fisher information is estimated while a task trains. */
  readonly afterStep?: (moment: UpdateMoment) => void;
  private readonly anchor: WeightAnchor;

  constructor(
    @inject(OPTIONS) private readonly options: EwcOptions,
    @inject(ADAPTER) adapter: Adapter,
    @inject(RANDOM) private readonly random: RandomSource,
  ) {
    this.anchor = new WeightAnchor(adapter, options.over);
    if (options.fisher === 'running') this.afterStep = (moment) => this.growRunning(moment);
  }

  penalty(): tf.Scalar {
    const { lambda, half } = this.options;
    return tf.mul(this.anchor.distance(), half ? lambda / 2 : lambda);
  }

  afterTask(moment: TaskMoment): void {
    const { accumulate, decay, fisher } = this.options;
    if (fisher === 'running') {
      this.anchor.hold();
      return;
    }
    const information = this.estimate(moment, fisher);
    this.anchor.set(information, accumulate === 'separate' ? 'separate' : { online: decay });
    tf.dispose(information);
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

  /** TRACE's estimate grows with every step: F += g^2 / (steps of an epoch), g before clipping, the penalty's part included. */
  private growRunning({ gradients, step }: UpdateMoment): void {
    const factor = step.epochs / step.taskSteps;
    const squares = Object.entries(gradients).map(([name, g]) => [name, tf.mul(tf.square(g), factor)]);
    this.anchor.grow(Object.fromEntries(squares));
  }

  private estimate(moment: TaskMoment, squares: 'per-sample' | 'batch'): NamedTensors {
    const { over, labels, samples } = this.options;
    const stream = this.random.stream(`ewc/task-${moment.taskIndex + 1}/fisher`);
    const of = over === 'adapter' ? 'variables' : 'weights';
    return fisherInformation(moment, { of, squares, labels, samples, stream });
  }
}
