import type * as tf from '@tensorflow/tfjs-core';
import { type AttentionFrame, attention, isNative, NativeAttention } from './attention.js';
import type { FrozenLinear } from './frozen-linear.js';
import { fused } from './fused.js';
import { type LowRankPairFactors, lowRankAddition, lowRankBackward, lowRankForward } from './low-rank.js';
import { narrowed, widened } from './precision.js';

/** What an adapter adds at a linear layer: the addition [N, out] itself, or the pair that makes it of the layer's input. */
export type ProjectionAddition = tf.Tensor2D | LowRankPairFactors;

/** What adapters add to queries, keys and values. */
export interface ProjectionAdditions {
  readonly queries?: ProjectionAddition;
  readonly keys?: ProjectionAddition;
  readonly values?: ProjectionAddition;
}

/**
 * `attention` of the queries, keys and values that linear layers, joined as one, and low-rank pairs make of x [N, D]; differentiable
 * in x and in what is added. As one operation the gradients of x are summed as they are made.
 */
export function projectedAttention(
  x: tf.Tensor2D,
  projection: FrozenLinear,
  added: ProjectionAdditions,
  frame: AttentionFrame,
): tf.Tensor2D {
  if (!isNative(frame)) return attention(projection.apply(x), computed(x, added), frame);
  const { precision } = projection;
  const slots = [added.queries, added.keys, added.values];
  const native = new NativeAttention(frame, precision, slots.map(Boolean));
  const there = slots.filter((slot) => slot !== undefined);
  return fused([x, ...there.flatMap(tensorsOf)], ([x, ...inputs], save) => {
    const given = withTensors(there, inputs as tf.Tensor2D[]);
    const made = given.map((one) => (isPair(one) ? lowRankForward(x, one) : [one]));
    const joined = native.join(
      projection.forward(narrowed(x, precision)),
      made.map(([addition]) => addition),
    );
    const hidden = made.flatMap(([, h]) => (h ? [h] : []));
    save(
      joined,
      ...native.tables,
      ...(hidden.length > 0 ? [x, ...given.filter(isPair).flatMap(tensorsOf), ...hidden] : []),
    );
    return {
      value: native.forward(joined),
      gradient: (dz, [joined, ...saved]) => {
        const [tables, kept] = [saved.slice(0, native.tables.length), saved.slice(native.tables.length)];
        const [slopes, ...own] = native.backward(dz, joined, tables);
        const ofX = widened(projection.backward(slopes), precision);
        return pairGradients(there, own, ofX, kept as tf.Tensor2D[]);
      },
    };
  });
}

/**
 * Gradients of x and of what was added. @param own of each addition [N, out] @param ofX what x has got already
 * @param kept x, the factors of every pair, and every pair's h
 */
function pairGradients(
  slots: readonly ProjectionAddition[],
  own: readonly tf.Tensor2D[],
  ofX: tf.Tensor2D,
  [x, ...kept]: readonly tf.Tensor2D[],
): tf.Tensor2D[] {
  const factors = withTensors(slots.filter(isPair), kept).filter(isPair);
  const hidden = kept.slice(2 * factors.length);
  let total = ofX;
  let next = 0;
  const ofAdded = slots.flatMap((slot, i) => {
    if (!isPair(slot)) return [own[i]];
    const [dx, da, db] = lowRankBackward(own[i], x, factors[next], hidden[next], total);
    total = dx;
    next++;
    return [da, db];
  });
  return [total, ...ofAdded];
}

/** The additions with the tensors that a fused operation was given for them. */
function withTensors(slots: readonly ProjectionAddition[], inputs: readonly tf.Tensor2D[]): ProjectionAddition[] {
  let next = 0;
  return slots.map((slot) =>
    isPair(slot) ? { a: inputs[next++], b: inputs[next++], scale: slot.scale } : inputs[next++],
  );
}

function isPair(slot: ProjectionAddition): slot is LowRankPairFactors {
  return 'a' in slot;
}

function tensorsOf(slot: ProjectionAddition): tf.Tensor2D[] {
  return isPair(slot) ? [slot.a, slot.b] : [slot];
}

/** The additions as tensors, made of x by operations of their own. */
function computed(x: tf.Tensor2D, { queries, keys, values }: ProjectionAdditions) {
  const made = (one?: ProjectionAddition) => (one && isPair(one) ? lowRankAddition(x, one.a, one.b, one.scale) : one);
  return { queries: made(queries), keys: made(keys), values: made(values) };
}
