import type { ModelSizes } from '../../core/index.js';

/** The work of one step: equal rows whose last tokens are the answer, low-rank pairs on q_proj and v_proj of every layer. */
export interface StepWork {
  readonly rows: number;
  /** T, tokens of a row. */
  readonly length: number;
  /** Labelled tokens at the end of a row; the logits before them are needed. */
  readonly answers: number;
  /** r of a pair. */
  readonly rank: number;
}

export type StepSizes = Pick<
  ModelSizes,
  'vocabulary' | 'width' | 'layers' | 'heads' | 'keyValueHeads' | 'headWidth' | 'feedForward'
>;

/**
 * Floating-point operations, 2 m n k of every [m, k] x [k, n] product, that one LoRA step cannot do without:
 * - forward: all linear layers, attention over the tokens that each token sees, the pairs, logits before the answers;
 * - backward: dx of the same, no dW of frozen weights; the first layer has no dx through q, k and v, and no dK;
 * - in the last layer all but keys and values is done before the answers only.
 *
 * Element-wise work, norms and the optimizer are left out. Recomputed activations would not count.
 */
export function stepOperations(sizes: StepSizes, work: StepWork): number {
  const { layers, vocabulary, width } = sizes;
  const positions = work.rows * work.answers;
  const logits = 2 * (2 * positions * width * vocabulary);
  let total = logits;
  for (let layer = 0; layer < layers; layer++) {
    total += layerOperations(sizes, work, { first: layer === 0, last: layer === layers - 1 });
  }
  return total;
}

interface Place {
  readonly first: boolean;
  readonly last: boolean;
}

function layerOperations(sizes: StepSizes, work: StepWork, place: Place): number {
  const { width, heads, keyValueHeads, headWidth, feedForward } = sizes;
  const tokens = work.rows * work.length;
  const queries = place.last ? work.rows * work.answers : tokens;
  const [q, kv] = [heads * headWidth, keyValueHeads * headWidth];
  const inputs = 2 * width * (queries * q + tokens * 2 * kv);
  const rest = 2 * queries * width * (q + 3 * feedForward);
  const product = 2 * work.rows * seenPairs(work, place) * heads * headWidth;
  const attention = product * (place.first ? 2 + 3 : 2 + 4);
  const pairs = pairOperations([queries, width, q], work, place) + pairOperations([tokens, width, kv], work, place);
  return inputs * (place.first ? 1 : 2) + rest * 2 + attention + pairs;
}

/** Query and key tokens of one row that meet: each token sees itself and those before it. */
function seenPairs({ length, answers }: StepWork, { last }: Place): number {
  const all = (length * (length + 1)) / 2;
  if (!last) return all;
  const before = length - 1;
  const unasked = before - answers;
  return (before * (before + 1)) / 2 - (unasked * (unasked + 1)) / 2;
}

/** h = x A^T, h B^T; u = dy B, dB = dy^T h, dA = u^T x and, but in the first layer, dx = u A. */
function pairOperations(
  [tokens, inFeatures, outFeatures]: readonly [number, number, number],
  { rank }: StepWork,
  { first }: Place,
): number {
  const [thinIn, thinOut] = [2 * tokens * rank * inFeatures, 2 * tokens * rank * outFeatures];
  return thinIn * (first ? 2 : 3) + thinOut * 3;
}
