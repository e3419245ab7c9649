import type { Tensor, Variable } from '@tensorflow/tfjs-core';

/*
 * Letters used for shapes throughout: B rows of a batch, T tokens of a row, N = B * T, V vocabulary, D residual width,
 * H query heads, K key/value heads, d_h head width, L layers, r rank of a low-rank pair, [] a scalar.
 */

/** Tensors by name. Whoever returns one says who disposes it. */
export type NamedTensors = Record<string, Tensor>;

/** Trainable variables by name; names are stable over a run and unique within one adapter. */
export type NamedVariables = Record<string, Variable>;
