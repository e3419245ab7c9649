import * as tf from '@tensorflow/tfjs-core';
import type { FrozenLinear } from './frozen-linear.js';
import { fused } from './fused.js';
import { normBackward, normForward } from './rms-norm.js';
import { gateBackward, gateForward } from './swiglu.js';

/** The frozen tensors of a feed-forward block. */
export interface FeedForwardWeights {
  /** [D] */
  readonly gain: tf.Tensor1D;
  readonly epsilon: number;
  /** Gate and up projection as one, [2F, D]. */
  readonly gateUp: FrozenLinear;
  /** [D, F] */
  readonly down: FrozenLinear;
}

/**
 * The second half of a layer without adapters as one operation: x and o [N, D] -> m + down(swiGlu(gateUp(norm(m)))) with m = x + o.
 * It keeps m, its norm's factor and the gates [N, 2F]; the gradients of x and o are equal.
 */
export function feedForwardBlock(
  x: tf.Tensor2D,
  o: tf.Tensor2D,
  { gain, epsilon, gateUp, down }: FeedForwardWeights,
): tf.Tensor2D {
  return fused([x, o], ([x, o], save) => {
    const { value, inverse, source } = normForward(x, gain, epsilon, o);
    const gates = gateUp.forward(value);
    save(source, inverse, gates);
    return {
      value: tf.add<tf.Tensor2D>(source, down.forward(gateForward(gates))),
      gradient: (dy, [source, inverse, gates]) => {
        const [ofGates] = gateBackward(down.backward(dy), gates as tf.Tensor2D);
        const normed = { source: source as tf.Tensor2D, inverse };
        const slope = normBackward(gateUp.backward(ofGates as tf.Tensor2D), normed, gain, dy);
        return [slope, tf.clone(slope)];
      },
    };
  });
}
