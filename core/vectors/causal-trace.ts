import * as tf from '@tensorflow/tfjs-core';
import type { ActivationVariants, KeyValueCache } from '../contracts/backbone.js';
import type { ModelView } from '../contracts/model-view.js';
import { tokenCrossEntropy } from '../engine/ops/cross-entropy.js';
import { problem } from '../errors.js';
import { logitRowsPerPass } from '../evaluation/model.js';
import { padRows } from '../text/batching.js';
import { headSite } from './head-site.js';
import { type Head, headsOf } from './heads.js';
import type { InContextPrompt } from './in-context-prompts.js';
import { prefixCache } from './prompt-batches.js';

/** Whose probability is traced: the answer's first token, or all of its tokens after one another. */
export type TracedAnswer = 'first-token' | 'whole';

export interface TraceSettings {
  /** What a head's output is replaced by: mean activations of all heads [L, H, d_h], row-major. */
  readonly means: Float32Array;
  readonly answer: TracedAnswer;
  /** Most rows of one pass, which bounds its memory. Default: as many as 64 MiB of logits have. */
  readonly maxRows?: number;
}

/** Log-probabilities in nats of the answer to one prompt. */
export interface TracedPrompt {
  readonly plain: number;
  /** With one head's output replaced, by head [L * H]. */
  readonly replaced: Float64Array;
}

/**
 * Causal tracing of one prompt over all heads (arXiv 2406.12227, Eq. 2; Todd et al. 2024): the log-probability of the answer
 * with the output of each head by itself, before the output projection, replaced at the last prompt token by its mean. An edit
 * there changes nothing before it: the prompt runs once, up to its last token, and every head's variant is a row that parts at
 * the head's layer.
 * @throws PalimpsestError TOKENS_TOO_LONG, TOKEN_OUT_OF_RANGE
 */
export function tracePrompt(model: ModelView, prompt: InContextPrompt, settings: TraceSettings): TracedPrompt {
  const { ids, labels, before } = ending(prompt, settings.answer);
  checkLabels(labels, model.sizes.vocabulary);
  const heads = headsOf(model.sizes);
  const rows = settings.maxRows ?? logitRowsPerPass(model.sizes.vocabulary * ids.length);
  const most = Math.max(1, rows - 1);
  const past = before.length > 0 ? prefixCache(model, before) : undefined;
  try {
    const replaced = new Float64Array(heads.length);
    let plain = 0;
    for (let from = 0; from < heads.length; from += most) {
      const some = heads.slice(from, from + most);
      const [own, ...others] = logProbabilities(model, { ids, labels, past, heads: some, means: settings.means });
      if (from === 0) plain = own;
      replaced.set(others, from);
    }
    return { plain, replaced };
  } finally {
    past?.dispose();
  }
}

/** The tokens whose logits tell of the answer, the last prompt token first; what they should be followed by. */
function ending({ tokens, answer }: InContextPrompt, traced: TracedAnswer) {
  const labels = traced === 'whole' ? answer : answer.slice(0, 1);
  const before = tokens.slice(0, -1);
  return { before, ids: [tokens[before.length], ...labels.slice(0, -1)], labels };
}

function checkLabels(labels: readonly number[], vocabulary: number): void {
  const outside = labels.find((label) => label >= vocabulary);
  if (outside === undefined) return;
  throw problem('TOKEN_OUT_OF_RANGE', { where: 'an answer', expected: `0 to ${vocabulary - 1}`, got: `${outside}` });
}

interface Ending {
  readonly ids: readonly number[];
  readonly labels: readonly number[];
  readonly past?: KeyValueCache;
  /** In order, a part of the model's. */
  readonly heads: readonly Head[];
  readonly means: Float32Array;
}

/** Of the labels after the ending as it is, and with each head replaced [1 + n]; nats. */
function logProbabilities(model: ModelView, { ids, labels, past, heads, means }: Ending): Float32Array {
  return tf.tidy(() => {
    const layers = [...new Set(heads.map(([layer]) => layer))];
    const variants = layers.map((layer) => {
      const own = heads.filter(([at]) => at === layer).map(([, head]) => head);
      return headVariants(model, layer, own, means);
    });
    const batch = padRows([ids], { pad: ids[0] });
    const { logits } = model.forward({ batch, past, variants, logits: 'all' });
    const rows = heads.length + 1;
    const losses = tokenCrossEntropy(
      logits as tf.Tensor2D,
      Int32Array.from({ length: rows * labels.length }, (_, i) => labels[i % labels.length]),
    );
    return tf.neg(tf.sum(tf.reshape(losses, [rows, labels.length]), 1)).dataSync<'float32'>();
  });
}

/** Copies of a row, in each of which one head's output at the first position is replaced by its mean. */
function headVariants(
  model: ModelView,
  layer: number,
  own: readonly number[],
  means: Float32Array,
): ActivationVariants {
  const { heads, headWidth } = model.sizes;
  return {
    site: headSite(model, layer),
    count: own.length,
    apply: (activation) => {
      const [, length] = activation.shape;
      const kept = new Float32Array(own.length * length * heads).fill(1);
      const put = new Float32Array(kept.length * headWidth);
      own.forEach((head, copy) => {
        const at = copy * length * heads + head;
        const from = (layer * heads + head) * headWidth;
        kept[at] = 0;
        put.set(means.subarray(from, from + headWidth), at * headWidth);
      });
      const shape: [number, number, number] = [own.length, length, heads];
      return tf.add(tf.mul(activation, tf.tensor4d(kept, [...shape, 1])), tf.tensor4d(put, [...shape, headWidth]));
    },
  };
}
