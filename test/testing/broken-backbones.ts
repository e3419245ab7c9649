import * as tf from '@tensorflow/tfjs-core';
import {
  definePlugin,
  type ForwardRequest,
  type ForwardResult,
  type LinearAddition,
  type LinearSite,
  OPTIONS,
  WEIGHTS,
} from '../../core/index.js';
import { LlamaBackbone } from '../../plugins/llama/backbone.js';
import { llamaOptions } from '../../plugins/llama/plugin.js';
import { type BrokenPlugin, injected } from './broken-plugin.js';

class Llama extends LlamaBackbone {
  static inject = [WEIGHTS, OPTIONS];
}

const broken = (fault: string, promise: string, backbone: typeof Llama, options = llamaOptions): BrokenPlugin => ({
  fault,
  promise,
  manifest: definePlugin({ name: 'llama', summary: 'Decodes.', provides: { backbone: injected(backbone) }, options }),
  settings: { options: { model: 'toy model' } },
});

/** A llama whose result is changed. */
const resulting = (change: (result: ForwardResult, request: ForwardRequest) => ForwardResult): typeof Llama =>
  class extends Llama {
    override forward = (request: ForwardRequest) => change(super.forward(request), request);
  };

/** A llama that is asked something else. */
const asking = (change: (request: ForwardRequest) => ForwardRequest): typeof Llama =>
  class extends Llama {
    override forward = (request: ForwardRequest) => super.forward(change(request));
  };

const shifted = ({ logits, ...rest }: ForwardResult, by: number): ForwardResult => ({
  ...rest,
  logits: logits && tf.add<tf.Tensor2D>(logits, by),
});

/** The same addition with its inputs read to numbers, so that no gradient flows. */
const cut = ({ inputs, apply }: LinearAddition): LinearAddition => ({
  inputs,
  apply: (x, given, draw) =>
    apply(
      x,
      given.map((tensor) => tf.tensor(tensor.dataSync(), tensor.shape)),
      draw,
    ),
});

class FoldsHalf extends Llama {
  override fold(site: LinearSite, delta: tf.Tensor2D): void {
    tf.tidy(() => super.fold(site, tf.mul(delta, 0.5)));
  }
}

class KeepsATensor extends Llama {
  override async load(): Promise<void> {
    await super.load();
    tf.scalar(1);
  }
}

export const brokenBackbones: readonly BrokenPlugin[] = [
  {
    ...broken('has no option `model`', 'its option `model` names the weights', Llama),
    manifest: definePlugin({
      name: 'llama',
      summary: 'Decodes.',
      provides: { backbone: Llama },
      options: llamaOptions.omit({ model: true }),
    }),
    settings: {},
  },
  broken(
    'looks at later tokens',
    'later tokens never alter earlier logits',
    resulting((result, { batch }) => shifted(result, batch.ids[batch.ids.length - 1])),
  ),
  broken(
    'attends to padding',
    'padding changes no logit, on whichever side it stands',
    asking((request) => ({ ...request, batch: { ...request.batch, mask: request.batch.mask.slice().fill(1) } })),
  ),
  broken(
    'lets the first row alter all rows',
    'the order of rows changes no logit',
    resulting((result, { batch }) => shifted(result, batch.ids[0])),
  ),
  broken(
    'gives positions in ascending order',
    'logits at the positions asked for are those of all positions',
    asking(({ logits, ...request }) => ({
      ...request,
      logits: logits instanceof Int32Array ? logits.slice().sort() : logits,
    })),
  ),
  broken(
    'forgets its cache',
    'a run that goes on from a cache equals the run in one',
    asking(({ past, ...request }) => ({ ...request, past: past?.rows === 1 ? past : undefined })),
  ),
  broken(
    'forgets a shared prefix',
    'rows share the cache of one prefix',
    asking(({ past, ...request }) => ({ ...request, past: past?.rows === 1 ? undefined : past })),
  ),
  broken(
    'lets branches see one another',
    'a row laid out in branches gives the logits of separate rows',
    asking((request) => ({ ...request, batch: { ...request.batch, branches: undefined } })),
  ),
  broken(
    'counts positions over branches',
    'a row laid out in branches gives the logits of separate rows',
    asking((request) => ({ ...request, batch: { ...request.batch, positions: undefined } })),
  ),
  broken(
    'takes any token',
    'what it cannot run is refused by code',
    asking(({ batch, ...request }) => ({ ...request, batch: { ...batch, ids: batch.ids.map((id) => id % 32) } })),
  ),
  broken(
    'declares a wrong shape',
    'every activation site gives its declared shape',
    class extends Llama {
      override readonly activationSites = [{ name: 'model.layers.0.heads', layer: 0, shape: '[B, T, D]' }];
    },
  ),
  broken(
    'leaves a site out',
    'every linear site calls its addition with [N, in] and takes [N, out]',
    asking(({ additions, ...request }) => ({
      ...request,
      additions: (site) => (site.kind === 'up_proj' ? undefined : additions?.(site)),
    })),
  ),
  broken(
    'changes logits where it is edited at all',
    'an edit that changes nothing changes no logit',
    resulting((result, { edits = [] }) => shifted(result, edits.length)),
  ),
  broken(
    'captures before the edits',
    'a capture shows the activation as it is after the edits',
    asking(({ captures = [], edits, ...request }) => ({
      ...request,
      captures,
      edits: captures.length > 0 ? [] : edits,
    })),
  ),
  broken(
    'lets variants part from what the row is not',
    'variants of a row give the logits of whole runs with their edit',
    asking(({ variants = [], ...request }) => ({
      ...request,
      variants: variants.map((one) => ({ ...one, apply: (activation) => one.apply(tf.add(activation, 1)) })),
    })),
  ),
  broken('folds half of a difference', 'folding a difference equals adding it', FoldsHalf),
  broken(
    'cuts the gradient of additions',
    'gradients reach the inputs of additions and edits',
    asking(({ additions, ...request }) => ({
      ...request,
      additions: (site) => {
        const addition = additions?.(site);
        return addition && cut(addition);
      },
    })),
  ),
  broken('keeps a tensor', 'dispose frees every tensor that it made and none of others', KeepsATensor),
];
