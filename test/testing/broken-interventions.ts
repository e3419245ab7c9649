import * as tf from '@tensorflow/tfjs-core';
import { type ActivationEdit, type Declarations, definePlugin, type Intervention, z } from '../../core/index.js';
import { type BrokenPlugin, injected } from './broken-plugin.js';

/** An intervention that keeps every promise: adds 0.1 to the heads of a layer from the second task on. */
class Nudge implements Intervention {
  static inject: symbol[] = [];
  readonly startsAt: number = 1;
  readonly sites: readonly string[] = ['model.layers.0.heads'];

  edits(): readonly ActivationEdit[] {
    return [this.edit((x) => tf.add(x, 0.1))];
  }

  protected edit(apply: (activation: tf.Tensor) => tf.Tensor, site = this.sites[0]): ActivationEdit {
    return { site, key: 'nudge', apply };
  }
}

type Activations = NonNullable<Declarations['writes']>['activations'];

const manifestOf = (intervention: typeof Nudge, activations: Activations = { heads: 'add' }) =>
  definePlugin({
    name: 'nudge',
    summary: 'Nudges.',
    provides: { intervention: injected(intervention) },
    declares: () => ({ writes: { activations } }),
    options: z.strictObject({}),
  });

export const goodIntervention = manifestOf(Nudge);

const SITES = 'it edits, and only sites that it declares and the model has';
const DECLARES = 'it edits what it declares to edit, and `add` adds';
const SHAPE = 'an edit keeps the shape of its activation and leaves it finite';

const broken = (fault: string, promise: string, intervention: typeof Nudge): BrokenPlugin => ({
  fault,
  promise,
  manifest: manifestOf(intervention),
});

export const brokenInterventions: readonly BrokenPlugin[] = [
  broken(
    'declares a site that the model lacks',
    SITES,
    class extends Nudge {
      override readonly sites = ['model.layers.7.heads'];
      override edits = () => [];
    },
  ),
  broken(
    'edits another site',
    SITES,
    class extends Nudge {
      override edits = () => [this.edit((x) => tf.add(x, 0.1), 'model.layers.1.heads')];
    },
  ),
  broken(
    'never edits',
    SITES,
    class extends Nudge {
      override edits = () => [];
    },
  ),
  broken(
    'drops a dimension',
    SHAPE,
    class extends Nudge {
      override readonly startsAt = 2;
      override edits = () => [this.edit((x) => tf.sum(x, 3))];
    },
  ),
  broken(
    'divides by zero',
    SHAPE,
    class extends Nudge {
      override edits = () => [this.edit((x) => tf.div(x, 0))];
    },
  ),
  broken(
    'edits the prompt, though it says it does not',
    'an edit declared `where: answers` changes nothing elsewhere',
    class extends Nudge {
      override edits = () => [{ ...this.edit((x) => tf.add(x, 0.1)), where: 'answers' as const }];
    },
  ),
  {
    ...{ fault: 'edits another kind of site than it declares', promise: DECLARES },
    manifest: manifestOf(Nudge, { residual: 'add' }),
  },
  broken(
    'scales what it declares to add to',
    DECLARES,
    class extends Nudge {
      override edits = () => [this.edit((x) => tf.mul(x, 2))];
    },
  ),
];
