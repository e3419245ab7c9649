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

/**
 * Floating-point operations of a matrix product [.., m, k] x [.., k, n]: 2 m n k for each of the batch; undefined for any other
 * operation.
 * @param attributes a kernel's, by name, or a list of the native backend's
 */
export function productFlops(
  name: string,
  [left]: readonly TensorInfo[],
  [output]: readonly TensorInfo[],
  attributes: object = {},
): number | undefined {
  if (!products.has(name)) return undefined;
  const given: readonly [string, unknown][] = Array.isArray(attributes)
    ? (attributes as OpAttribute[]).map((attribute) => [attribute.name, attribute.value])
    : Object.entries(attributes);
  const transposed = given.some(([key, value]) => transposing.has(key) && value);
  const inner = left.shape[left.shape.length - (transposed ? 2 : 1)];
  return 2 * inner * output.shape.reduce((size, length) => size * length, 1);
}
