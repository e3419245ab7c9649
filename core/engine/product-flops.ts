import type { TensorInfo } from '@tensorflow/tfjs-core';

/** Names of matrix products, those of TensorFlow.js's kernels and those of TensorFlow's own operations. */
const products = new Set(['BatchMatMul', '_FusedMatMul', 'BatchMatMulV2', 'BatchMatMulV3', 'MatMul']);
/** What says that the left side is transposed. */
const transposing = new Set(['transposeA', 'transpose_a', 'adj_x']);

/** An attribute as an operation of the native backend is given it. */
interface OpAttribute {
  readonly name: string;
  readonly value: unknown;
}

/** Products of one query and its keys that attention takes for every pair of them, forward and backward. */
const attentionProducts: Readonly<Record<string, number>> = { PalimpsestAttention: 2, PalimpsestAttentionGrad: 5 };

/** Times that a low-rank pair's factors are multiplied with something as long as the rows. */
const pairProducts: Readonly<Record<string, number>> = { PalimpsestLowRank: 1, PalimpsestLowRankGrad: 2 };

/**
 * Floating-point operations of a matrix product [.., m, k] x [.., k, n], 2 m n k for each of the batch, and of the products within
 * this project's own operations (attention's pairs of a query and an earlier key only); undefined for any other operation.
 * @param attributes a kernel's, by name, or a list of the native backend's
 */
export function productFlops(
  name: string,
  inputs: readonly TensorInfo[],
  [output]: readonly TensorInfo[],
  attributes: object = {},
): number | undefined {
  const given: readonly [string, unknown][] = Array.isArray(attributes)
    ? (attributes as OpAttribute[]).map((attribute) => [attribute.name, attribute.value])
    : Object.entries(attributes);
  if (name in attentionProducts) return attentionProducts[name] * pairFlops(inputs, Object.fromEntries(given));
  if (name in pairProducts) return pairProducts[name] * lowRankFlops(inputs);
  if (!products.has(name)) return undefined;
  const [left] = inputs;
  const transposed = given.some(([key, value]) => transposing.has(key) && value);
  const inner = left.shape[left.shape.length - (transposed ? 2 : 1)];
  return 2 * inner * output.shape.reduce((size, length) => size * length, 1);
}

/** 2 d_h for every query and key that it sees, over all heads; the inputs end with joined [N, ..], cosines [N, 1, d_h] and others. */
function pairFlops(inputs: readonly TensorInfo[], { rows, heads }: Record<string, unknown>): number {
  const { shape: angles } = inputs.find(({ shape }) => shape.length === 3) as TensorInfo;
  const [tokens, , headWidth] = angles;
  const length = tokens / Number(rows);
  return Number(heads) * tokens * (length + 1) * headWidth;
}

/** 2 N r (in + out) for x [N, in], a [r, in] and b [out, r], behind dy [N, out] in the backward pass. */
function lowRankFlops(inputs: readonly TensorInfo[]): number {
  const [x, a, b] = (inputs.length > 3 ? inputs.slice(1) : inputs).map(({ shape }) => shape);
  return 2 * x[0] * a[0] * (a[1] + b[0]);
}
