import * as tf from '@tensorflow/tfjs-core';
import type { AttentionFrame } from './attention.js';
import { fused } from './fused.js';
import { product } from './mat-mul.js';
import { type RotaryTable, rotate, rotateBack } from './rotary.js';

/**
 * Attention of TensorFlow.js's own operations: q [N, H d_h], k and v [N, K d_h] -> head outputs [N, H d_h]. With
 * P = softmax(q k^T / sqrt(d_h) + bias): dV = P^T dZ, dS = P (dP - rowsum(dP P)), dQ = dS K, dK = dS^T Q. Past tokens take no
 * gradient.
 */
export function composedAttention(q: tf.Tensor2D, k: tf.Tensor2D, v: tf.Tensor2D, frame: AttentionFrame): tf.Tensor2D {
  return fused([q, k, v], ([q, k, v], save) => {
    const queries = grouped(rotateFlat(q, frame.heads, frame), frame, frame.heads);
    const scaled = tf.mul(queries, 1 / Math.sqrt(frame.headWidth)) as tf.Tensor4D;
    const keys = grouped(rotateFlat(k, frame.keyValueHeads, frame), frame, frame.keyValueHeads);
    const values = grouped(v, frame, frame.keyValueHeads);
    frame.onKeyValues?.(keys, values);
    const weights = attentionWeights(scaled, keys, frame);
    save(scaled, keys, values, weights, frame.rotary.cos, frame.rotary.sin);
    return {
      value: ungrouped(mixed(weights, values, frame), frame, frame.heads),
      gradient: (dz, [queries, keys, values, weights, cos, sin]) => {
        const kept = { ...frame, rotary: { cos, sin } as RotaryTable };
        return backward(dz, [queries, keys, values, weights] as tf.Tensor4D[], kept);
      },
    };
  });
}

function backward(
  dz: tf.Tensor2D,
  [queries, keys, values, weights]: tf.Tensor4D[],
  frame: AttentionFrame,
): tf.Tensor[] {
  const { heads, keyValueHeads, headWidth, length } = frame;
  const past = weights.shape[3] - length;
  const own = past === 0 ? weights : tf.slice(weights, [0, 0, 0, past], [-1, -1, -1, length]);
  const dMixed = grouped(dz, frame, heads);
  const dValues = product<tf.Tensor4D>(own, dMixed, true, false);
  const dOwn = product<tf.Tensor4D>(dMixed, values, false, true);
  const dWeights = past === 0 ? dOwn : tf.concat([...pastGradients(dMixed, frame), dOwn], 3);
  const weighted = tf.mul(dWeights, weights);
  const dAll = tf.sub(weighted, tf.mul(weights, tf.sum(weighted, -1, true))) as tf.Tensor4D;
  const dScores = past === 0 ? dAll : tf.slice(dAll, [0, 0, 0, past], [-1, -1, -1, length]);
  const dKeys = product<tf.Tensor4D>(dScores, queries, true, false);
  const fromPast = past === 0 ? [] : pastProducts(dAll, frame);
  const dQueries = tf.mul(tf.addN([product(dScores, keys), ...fromPast]), 1 / Math.sqrt(headWidth)) as tf.Tensor4D;
  return [
    rotateBackFlat(ungrouped(dQueries, frame, heads), heads, frame),
    rotateBackFlat(ungrouped(dKeys, frame, keyValueHeads), keyValueHeads, frame),
    ungrouped(dValues, frame, keyValueHeads),
  ];
}

/** dZ V^T for every past segment. */
function pastGradients(dMixed: tf.Tensor4D, { past = [] }: AttentionFrame): tf.Tensor4D[] {
  return past.map(({ values }) => againstPast(dMixed, values, true));
}

/** dS K for every past segment: what the queries get back from past keys. */
function pastProducts(dAll: tf.Tensor4D, { past = [] }: AttentionFrame): tf.Tensor4D[] {
  let at = 0;
  return past.map(({ keys }) => {
    const part = tf.slice(dAll, [0, 0, 0, at], [-1, -1, -1, keys.shape[2]]);
    at += keys.shape[2];
    return againstPast(part, keys, false);
  });
}

/** softmax of the scores over past and own tokens, [B, K, G T, S]. */
function attentionWeights(queries: tf.Tensor4D, keys: tf.Tensor4D, frame: AttentionFrame): tf.Tensor4D {
  const own = product<tf.Tensor4D>(queries, keys, false, true);
  const earlier = (frame.past ?? []).map((segment) => againstPast(queries, segment.keys, true));
  const scores = earlier.length === 0 ? own : tf.concat([...earlier, own], 3);
  if (!frame.bias) return tf.softmax(scores);
  const shape: [number, number, number, number] = [frame.rows, frame.heads, frame.length, scores.shape[3]];
  return tf.reshape(tf.softmax(tf.add(tf.reshape(scores, shape), frame.bias)), scores.shape);
}

/** weights x values over past and own tokens, [B, K, G T, d_h]. */
function mixed(weights: tf.Tensor4D, values: tf.Tensor4D, { past = [] }: AttentionFrame): tf.Tensor4D {
  if (past.length === 0) return product(weights, values);
  const sizes = [...past.map((segment) => segment.keys.shape[2]), values.shape[2]];
  const parts: tf.Tensor4D[] = tf.split(weights, sizes, 3);
  const own = product<tf.Tensor4D>(parts[past.length], values);
  return tf.addN([...past.map((segment, i) => againstPast(parts[i], segment.values, false)), own]);
}

/** x [B, K, G T, m] times past [R, K, S, d_h], transposed or not; one large product where the rows share it (R = 1). */
function againstPast(x: tf.Tensor4D, past: tf.Tensor4D, transposePast: boolean): tf.Tensor4D {
  const [rows, groups, inner, m] = x.shape;
  if (past.shape[0] === rows) return product(x, past, false, transposePast);
  const together = tf.reshape(tf.transpose(x, [1, 0, 2, 3]), [1, groups, rows * inner, m]);
  const result = product<tf.Tensor4D>(together, past, false, transposePast);
  return tf.transpose(tf.reshape(result, [groups, rows, inner, result.shape[3]]), [1, 0, 2, 3]);
}

/** [N, n d_h] -> [B, K, G T, d_h] with G = n / K. */
function grouped(
  x: tf.Tensor2D,
  { rows, length, keyValueHeads, headWidth }: AttentionFrame,
  heads: number,
): tf.Tensor4D {
  const byHead = tf.transpose(tf.reshape(x, [rows, length, heads, headWidth]), [0, 2, 1, 3]);
  return tf.reshape(byHead, [rows, keyValueHeads, (heads / keyValueHeads) * length, headWidth]);
}

/** The inverse of `grouped`. */
function ungrouped(x: tf.Tensor4D, { rows, length, headWidth }: AttentionFrame, heads: number): tf.Tensor2D {
  const byHead = tf.reshape(x, [rows, heads, length, headWidth]);
  return tf.reshape(tf.transpose(byHead, [0, 2, 1, 3]), [rows * length, heads * headWidth]);
}

function rotateFlat(x: tf.Tensor2D, heads: number, { rotary, headWidth }: AttentionFrame): tf.Tensor2D {
  return tf.reshape(rotate(tf.reshape(x, [x.shape[0], heads, headWidth]), rotary), x.shape);
}

function rotateBackFlat(dy: tf.Tensor2D, heads: number, { rotary, headWidth }: AttentionFrame): tf.Tensor2D {
  return tf.reshape(rotateBack(tf.reshape(dy, [dy.shape[0], heads, headWidth]), rotary), dy.shape);
}
