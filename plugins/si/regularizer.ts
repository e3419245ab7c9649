import * as tf from '@tensorflow/tfjs-core';
import {
  ADAPTER,
  type Adapter,
  copyTensors,
  groupOf,
  growTensors,
  inject,
  injectable,
  joinGroups,
  mapTensors,
  type NamedTensors,
  OPTIONS,
  type PluginState,
  type Regularizer,
  type TaskMoment,
  type UpdateMoment,
  WeightAnchor,
  type z,
} from '../../core/index.js';
import type { siOptions } from './plugin.js';

/**
 * c * sum over variables k of Omega_k (theta_k - theta*_k)^2 (Eq. 4), theta* as the last task left them and
 * Omega_k = sum over tasks of max(0, omega_k) / (Delta_k^2 + xi) (Eq. 5): omega_k is k's part in the drop of the loss while the
 * task trained, Delta_k how far k went. [], nats.
 */
@injectable()
export class SynapticIntelligence implements Regularizer {
  readonly over = 'weights';
  readonly startsAt = 1;
  /** theta* and Omega; while the first task trains theta* is where the variables began. */
  private readonly anchor: WeightAnchor;
  /** omega of the task that trains, by variable; nats. */
  private omega: NamedTensors = {};

  constructor(
    @inject(OPTIONS) private readonly options: z.infer<typeof siOptions>,
    @inject(ADAPTER) adapter: Adapter,
  ) {
    this.anchor = new WeightAnchor(adapter, 'adapter');
  }

  penalty(): tf.Scalar {
    return tf.mul(this.anchor.distance(), this.options.c);
  }

  /** A later task begins where the last one was anchored. */
  beforeTask({ taskIndex }: TaskMoment): void {
    if (taskIndex === 0) this.anchor.hold();
  }

  /** omega_k -= g_k dtheta_k (Eq. 3), g the gradient before clipping and without this term's own part. */
  afterStep({ gradients, updates }: UpdateMoment): void {
    const offsets = this.anchor.offsets();
    const drops = mapTensors(gradients, (gradient, name) => {
      const own = this.slope(name, tf.sub(offsets[name], updates[name]));
      return tf.mul(tf.sub(own, gradient), updates[name]);
    });
    growTensors(this.omega, drops);
    tf.dispose([offsets, drops]);
  }

  afterTask(): void {
    const offsets = this.anchor.offsets();
    const importance = mapTensors(this.omega, (omega, name) =>
      tf.div(tf.relu(omega), tf.add(tf.square(offsets[name]), this.options.xi)),
    );
    this.anchor.set(importance, { online: 1 });
    tf.dispose([offsets, importance, this.omega]);
    this.omega = {};
  }

  state(): PluginState {
    const { tensors, json } = this.anchor.state();
    return { tensors: joinGroups({ anchor: tensors, omega: copyTensors(this.omega) }), json };
  }

  restore({ tensors, json }: PluginState): void {
    this.dispose();
    this.anchor.restore({ tensors: groupOf(tensors, 'anchor'), json });
    this.omega = copyTensors(groupOf(tensors, 'omega'));
  }

  dispose(): void {
    this.anchor.dispose();
    tf.dispose(this.omega);
    this.omega = {};
  }

  /** Gradient of the term itself, 2 c Omega (theta - theta*), at an offset from theta*; 0 in the first task. */
  private slope(name: string, offset: tf.Tensor): tf.Tensor {
    const importance: tf.Tensor | undefined = this.anchor.importance[name];
    return importance ? tf.mul(tf.mul(importance, offset), 2 * this.options.c) : tf.scalar(0);
  }
}
