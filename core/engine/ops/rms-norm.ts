import * as tf from '@tensorflow/tfjs-core';
import { hasKernels, runKernel } from '../kernels/kernels.js';
import { fused } from './fused.js';
import { narrowed, type Precision, widened } from './precision.js';

/** What a norm gives. */
export interface Normed {
  /** The normed rows [N, D], in the precision asked for. */
  readonly value: tf.Tensor2D;
  /** r = 1 / sqrt(mean(x^2) + epsilon), [N, 1] */
  readonly inverse: tf.Tensor;
  /** What was normed [N, D]: x, or x + added. */
  readonly source: tf.Tensor2D;
}

/** How a norm is taken. */
export interface NormSettings {
  /** g [D] */
  readonly gain: tf.Tensor1D;
  readonly epsilon: number;
  /** What the normed rows, and the gradient that comes back for them, are held in. Default f32. */
  readonly precision?: Precision;
}

/** y = g x r with r = 1 / sqrt(mean(x^2) + epsilon) over the last axis, of x [N, D] or of x + added; not differentiable. */
export function normForward(x: tf.Tensor2D, settings: NormSettings, added?: tf.Tensor2D): Normed {
  const { gain, epsilon, precision = 'f32' } = settings;
  if (hasKernels()) {
    const attributes = { T: { type: precision }, epsilon: { float: epsilon } };
    const [value, inverse, sum] = runKernel('RmsNorm', [x, added, gain], attributes, 3);
    return { value: value as tf.Tensor2D, inverse, source: added ? (sum as tf.Tensor2D) : x };
  }
  const source = added ? tf.add<tf.Tensor2D>(x, added) : x;
  const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(source), -1, true), epsilon));
  const value = tf.mul(tf.mul(source, inverse), gain) as tf.Tensor2D;
  return { value: narrowed(value, precision), inverse, source };
}

/**
 * The gradient of `normForward` in what was normed, float32, and a gradient `past` [N, D] that goes around the norm added to it.
 * With u = source r: r (g dy - u mean(g dy u)) + past.
 */
export function normBackward(
  dy: tf.Tensor2D,
  { source, inverse }: Pick<Normed, 'source' | 'inverse'>,
  { gain, precision = 'f32' }: NormSettings,
  past?: tf.Tensor2D,
): tf.Tensor2D {
  if (hasKernels()) {
    const inputs = [dy, source, inverse, gain, past];
    return runKernel('RmsNormGrad', inputs, { T: { type: precision } }, 1)[0] as tf.Tensor2D;
  }
  const unit = tf.mul(source, inverse);
  const scaled = tf.mul(widened(dy, precision), gain);
  const slope = tf.mul(inverse, tf.sub(scaled, tf.mul(unit, tf.mean(tf.mul(scaled, unit), -1, true))));
  return (past ? tf.add(slope, past) : slope) as tf.Tensor2D;
}

/** Root-mean-square norm (Zhang and Sennrich 2019): x [N, D], frozen gain [D] -> [N, D]. */
export function rmsNorm(x: tf.Tensor2D, gain: tf.Tensor1D, epsilon: number): tf.Tensor2D {
  return fused([x], ([input], save) => {
    const { value, inverse } = normForward(input, { gain, epsilon });
    save(input, inverse);
    return {
      value,
      gradient: (dy, [source, inverse]) => [
        normBackward(dy, { source: source as tf.Tensor2D, inverse }, { gain, epsilon }),
      ],
    };
  });
}
