import * as tf from '@tensorflow/tfjs-core';
import {
  ADAPTER,
  type Adapter,
  BACKBONE,
  type Backbone,
  definePlugin,
  type NamedTensors,
  OPTIONS,
  type PluginManifest,
  type PluginState,
  type Regularizer,
  z,
} from '../../core/index.js';
import { type BrokenPlugin, copies, injected } from './broken-plugin.js';

/** A regularizer that keeps every promise: pulls variables to where the last task left them. */
class Pull implements Regularizer {
  static inject = [ADAPTER, OPTIONS, BACKBONE];
  over: Regularizer['over'] = 'weights';
  startsAt = 1;
  protected anchor: NamedTensors = {};

  constructor(
    protected readonly adapter: Adapter,
    protected readonly options: { strength: number },
    protected readonly backbone: Backbone,
  ) {}

  penalty(): tf.Scalar {
    const distances = Object.entries(this.adapter.trainable()).map(([name, variable]) =>
      tf.sum(tf.squaredDifference(variable, this.anchor[name] ?? tf.zerosLike(variable))),
    );
    return tf.mul(tf.addN(distances), this.options.strength / 2);
  }

  afterTask(): void {
    tf.dispose(this.anchor);
    this.anchor = copies(this.adapter.trainable());
  }

  state(): PluginState {
    return { tensors: copies(this.anchor), json: {} };
  }

  restore({ tensors }: PluginState): void {
    tf.dispose(this.anchor);
    this.anchor = copies(tensors);
  }

  dispose(): void {
    tf.dispose(this.anchor);
  }
}

const options = z.strictObject({ strength: z.number().min(0).default(0.5).describe('Weight of the pull.') });

function manifestOf(regularizer: typeof Pull, own: z.ZodObject = options): PluginManifest {
  return definePlugin({
    name: 'pull',
    summary: 'Pulls.',
    provides: { regularizer: injected(regularizer) },
    options: own,
  });
}

export const goodRegularizer = manifestOf(Pull);

const sharedAnchor: { tensors: NamedTensors } = { tensors: {} };

const broken = (fault: string, promise: string, regularizer: typeof Pull): BrokenPlugin => ({
  fault,
  promise,
  manifest: manifestOf(regularizer),
});

class SharesAnchor extends Pull {
  override afterTask(): void {
    tf.dispose(sharedAnchor.tensors);
    sharedAnchor.tensors = copies(this.adapter.trainable());
  }
  override penalty(): tf.Scalar {
    this.anchor = sharedAnchor.tensors;
    return super.penalty();
  }
}

class TouchesVariables extends Pull {
  override penalty(): tf.Scalar {
    for (const variable of Object.values(this.adapter.trainable())) variable.assign(tf.mul(variable, 0.99));
    return super.penalty();
  }
}

class ChangesWeights extends Pull {
  override afterTask(): void {
    super.afterTask();
    const [site] = this.backbone.linearSites;
    tf.tidy(() => this.backbone.fold(site, tf.ones([site.outFeatures, site.inFeatures])));
  }
}

class DisposesOthers extends Pull {
  override dispose(): void {
    super.dispose();
    this.backbone.dispose();
  }
}

class CountsSteps extends Pull {
  private steps = 0;
  afterStep(): void {
    this.steps++;
  }
  override penalty(): tf.Scalar {
    return tf.mul(super.penalty(), 1 + this.steps / 10);
  }
}

export const brokenRegularizers: readonly BrokenPlugin[] = [
  {
    fault: 'takes any option',
    promise: 'an unknown option is refused with the nearest name',
    manifest: manifestOf(Pull, z.object(options.shape)),
  },
  {
    fault: 'does not explain an option',
    promise: 'its options take those given and explain themselves',
    manifest: manifestOf(Pull, z.strictObject({ strength: z.number().default(0.5) })),
  },
  {
    fault: 'bears another name than its folder',
    promise: 'its manifest is made by definePlugin and bears the name of its folder',
    manifest: goodRegularizer,
    settings: { folder: 'plugins/push' },
  },
  broken(
    'asks for what a run does not have',
    'it is built from what it declares to need',
    class extends Pull {
      static override inject = [ADAPTER, OPTIONS, Symbol('TRAINER')];
    },
  ),
  broken(
    'draws from Math.random',
    'the same seed gives the same numbers',
    class extends Pull {
      override penalty = () => tf.mul<tf.Scalar>(super.penalty(), 1 + Math.random());
    },
  ),
  broken('keeps its anchor for all instances', 'two instances share nothing', SharesAnchor),
  broken(
    'saves nothing',
    'its state survives being saved and restored',
    class extends Pull {
      override state = () => ({ tensors: {}, json: {} });
    },
  ),
  broken(
    'gives away its own tensors as state',
    'its state survives being saved and restored',
    class extends Pull {
      override state = () => ({ tensors: this.anchor, json: {} });
    },
  ),
  broken(
    'keeps the tensors that it is restored from',
    'its state survives being saved and restored',
    class extends Pull {
      override restore({ tensors }: PluginState): void {
        this.anchor = tensors;
      }
    },
  ),
  broken(
    'counts its steps and does not save the count',
    'interrupted within a task, it goes on to the same losses',
    CountsSteps,
  ),
  broken(
    'keeps a tensor of every step',
    'no step leaves a tensor behind',
    class extends Pull {
      override penalty = () => tf.keep(super.penalty());
    },
  ),
  broken(
    'does not dispose its anchor',
    'dispose frees every tensor that it made and none of others',
    class extends Pull {
      override dispose = () => {};
    },
  ),
  broken('disposes the backbone', 'dispose frees every tensor that it made and none of others', DisposesOthers),
  broken('changes frozen weights', 'frozen weights stay as they are while a task trains', ChangesWeights),
  broken(
    'returns a vector',
    'its penalty is a finite scalar',
    class extends Pull {
      override penalty = () => tf.reshape(super.penalty(), [1]) as unknown as tf.Scalar;
    },
  ),
  broken(
    'divides by zero',
    'its penalty is a finite scalar',
    class extends Pull {
      override afterTask(): void {
        super.afterTask();
        this.startsAt = 2;
      }
      override penalty = () => tf.div<tf.Scalar>(super.penalty(), 0);
    },
  ),
  broken(
    'never acts',
    'it costs nothing before the task in which it starts, and something from then on',
    class extends Pull {
      override penalty = () => tf.scalar(0);
    },
  ),
  broken(
    'reads its term to a number, so that no gradient flows',
    'the gradient of its penalty equals central differences',
    class extends Pull {
      override penalty = () => tf.scalar(super.penalty().dataSync()[0]);
    },
  ),
  broken('moves the variables', 'its penalty returns a term and touches nothing', TouchesVariables),
];
