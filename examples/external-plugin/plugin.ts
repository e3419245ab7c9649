import { ADAPTER, type Adapter, definePlugin, inject, injectable, type NamedTensors, OPTIONS, tf, z } from 'palimpsest';

const copies = (all: NamedTensors) => Object.fromEntries(Object.entries(all).map(([name, x]) => [name, tf.clone(x)]));

/** strength / 2 * sum over variables theta of |theta - theta*|^2, theta* as the last task left them; [], nats. */
@injectable()
class ElasticPull {
  readonly over = 'weights';
  readonly startsAt = 1;
  private anchor: NamedTensors = {};

  constructor(
    @inject(ADAPTER) private readonly adapter: Adapter,
    @inject(OPTIONS) private readonly options: { strength: number },
  ) {}

  penalty() {
    const pull = ([name, theta]: [string, tf.Tensor]) => tf.sum(tf.squaredDifference(theta, this.anchor[name]));
    return tf.mul<tf.Scalar>(tf.addN(Object.entries(this.adapter.trainable()).map(pull)), this.options.strength / 2);
  }

  afterTask = () => this.restore({ tensors: this.adapter.trainable() });
  state = () => ({ tensors: copies(this.anchor), json: {} });
  dispose = () => void tf.dispose(this.anchor);

  restore({ tensors }: { tensors: NamedTensors }) {
    tf.dispose(this.anchor);
    this.anchor = copies(tensors);
  }
}

export default definePlugin({
  name: 'elastic-pull',
  summary: 'Pulls weights towards where the last task left them.',
  provides: { regularizer: ElasticPull },
  options: z.strictObject({ strength: z.number().min(0).default(0.1).describe('Weight of the pull; 0 turns it off.') }),
  declares: () => ({ reads: { variables: 'run' } }),
});
