import * as tf from '@tensorflow/tfjs-core';
import type { ActivationEdit } from '../contracts/backbone.js';
import type { ModelView } from '../contracts/model-view.js';
import { tokenCrossEntropy } from '../engine/ops/cross-entropy.js';
import { padRows } from '../text/batching.js';
import type { TracedPrompt, TraceSettings } from './causal-trace.js';
import { headSite } from './head-site.js';
import { type Head, headsOf } from './heads.js';
import type { InContextPrompt } from './in-context-prompts.js';

/** What `tracePrompt` computes, by a whole run of the model for every head, as Todd et al. 2024 do it: what it is checked by. */
export function plainTrace(
  model: ModelView,
  { tokens, answer }: InContextPrompt,
  { means, answer: traced }: Pick<TraceSettings, 'means' | 'answer'>,
): TracedPrompt {
  const labels = traced === 'whole' ? answer : answer.slice(0, 1);
  const batch = padRows([[...tokens, ...labels.slice(0, -1)]], { pad: tokens[0] });
  const positions = Int32Array.from(labels, (_, i) => tokens.length - 1 + i);
  const run = (edits: ActivationEdit[]) =>
    tf.tidy(() => {
      const { logits } = model.forward({ batch, edits, logits: positions });
      return -tf.sum(tokenCrossEntropy(logits as tf.Tensor2D, Int32Array.from(labels))).dataSync()[0];
    });
  const replaced = headsOf(model.sizes).map((head) => run([replacement(model, head, means, tokens.length - 1)]));
  return { plain: run([]), replaced: Float64Array.from(replaced) };
}

function replacement(model: ModelView, [layer, head]: Head, means: Float32Array, position: number): ActivationEdit {
  const { heads, headWidth } = model.sizes;
  const at = (layer * heads + head) * headWidth;
  return {
    site: headSite(model, layer),
    key: `mean of head ${layer}.${head}`,
    apply: (activation) => {
      const values = activation.bufferSync();
      for (let i = 0; i < headWidth; i++) values.set(means[at + i], 0, position, head, i);
      return values.toTensor();
    },
  };
}
