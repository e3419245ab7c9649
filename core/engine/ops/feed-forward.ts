import * as tf from '@tensorflow/tfjs-core';
import { hasKernels, runKernel } from '../kernels/kernels.js';
import type { FrozenLinear } from './frozen-linear.js';
import { fused } from './fused.js';
import { narrowed, type Precision, widened } from './precision.js';
import { normBackward, normForward } from './rms-norm.js';
import { gateBackward, gateForward } from './swiglu.js';

/** The frozen tensors of a feed-forward block, of one precision. */
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
  const { precision } = gateUp;
  const norm = { gain, epsilon, precision };
  return fused([x, o], ([x, o], save) => {
    const { value, inverse, source } = normForward(x, norm, o);
    const gates = gateUp.forward(value);
    save(source, inverse, gates);
    return {
      value: plus(source, down.forward(gateForward(gates, {}, precision)), precision),
      gradient: (dy, [source, inverse, gates]) => {
        const ofHidden = down.backward(narrowed(dy, precision));
        const [ofGates] = gateBackward(ofHidden, gates as tf.Tensor2D, {}, precision);
        const slope = normBackward(gateUp.backward(ofGates), { source: source as tf.Tensor2D, inverse }, norm, dy);
        return [slope, tf.clone(slope)];
      },
    };
  });
}

/** x, float32, + what a product gave. */
function plus(x: tf.Tensor2D, y: tf.Tensor2D, precision: Precision): tf.Tensor2D {
  if (hasKernels()) return runKernel('Sum', [x, y], { T: { type: precision } }, 1)[0] as tf.Tensor2D;
  return tf.add(x, widened(y, precision));
}
