import * as tf from '@tensorflow/tfjs-core';
import {
  ADAPTER,
  type Adapter,
  inject,
  injectable,
  OPTIONS,
  type PluginState,
  type Regularizer,
  WeightAnchor,
  type z,
} from '../../core/index.js';
import type { l2AnchorOptions } from './plugin.js';

/** strength / 2 * sum over weights i of (w_i - w*_i)^2, w* the weights as the last task left them. [], nats. */
@injectable()
export class L2Anchor implements Regularizer {
  readonly over = 'weights';
  readonly startsAt = 1;
  private readonly anchor: WeightAnchor;

  constructor(
    @inject(OPTIONS) private readonly options: z.infer<typeof l2AnchorOptions>,
    @inject(ADAPTER) adapter: Adapter,
  ) {
    this.anchor = new WeightAnchor(adapter, options.over);
  }

  penalty(): tf.Scalar {
    return tf.mul(this.anchor.distance(), this.options.strength / 2);
  }

  /** Every weight is of importance 1, and only the newest anchor counts. */
  afterTask(): void {
    const one = tf.scalar(1);
    this.anchor.set(one, { online: 0 });
    one.dispose();
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
}
