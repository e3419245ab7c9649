import * as tf from '@tensorflow/tfjs-core';
import type { Adapter, LowRankFactors } from '../contracts/adapter.js';
import type { NamedTensors } from '../contracts/tensors.js';
import { fused } from '../engine/ops/fused.js';
import { product } from '../engine/ops/mat-mul.js';

/** How far a weight is from its anchor, d = w - w*. */
export interface Displacement {
  /** Of the variable, or of the linear site. */
  readonly name: string;
  /** d; the caller's tidy frees it. */
  value(): tf.Tensor;
  /** sum over entries of S0 d^2 + 2 S1 d, shape []; gradients flow to the adapter's variables. S0 may be a scalar. */
  charge(s0: tf.Tensor, s1?: tf.Tensor): tf.Scalar;
}

/** The adapter's variables seen from copies of them; from 0 where there is none. */
export function variableDisplacements(adapter: Adapter, anchor: NamedTensors): Displacement[] {
  return Object.entries(adapter.trainable()).map(([name, variable]) => {
    const from = (theta: tf.Tensor) => (anchor[name] ? tf.sub(theta, anchor[name]) : tf.clone(theta));
    return {
      name,
      value: () => from(variable),
      charge: (s0, s1) =>
        fused([variable as tf.Tensor], ([theta], save) => {
          const d = from(theta);
          save(d);
          return { value: chargeOf(d, s0, s1), gradient: (dy, [d]) => [tf.mul(dy, slopeOf(d, s0, s1))] };
        }),
    };
  });
}

/** The merged weights [out, in] at the adapter's sites seen from where this task found them. */
export function mergedDisplacements(adapter: Adapter): Displacement[] {
  return adapter.sites.flatMap((site) => {
    const now = adapter.factors?.(site, 'current');
    if (!now) return [];
    const before = adapter.factors?.(site, 'before-this-task');
    const change = (a: tf.Tensor2D, b: tf.Tensor2D): tf.Tensor => {
      const added = merged({ ...now, a, b });
      return before ? tf.sub(added, merged(before)) : added;
    };
    return {
      name: site.name,
      value: () => change(now.a, now.b),
      charge: (s0, s1) => mergedCharge(now, change, s0, s1),
    };
  });
}

/** With G = 2 (S0 d + S1): dA = scale B^T G, dB = scale G A^T. Nothing of the size of the weight is kept for it. */
function mergedCharge(
  { a, b, scale }: LowRankFactors,
  change: (a: tf.Tensor2D, b: tf.Tensor2D) => tf.Tensor,
  s0: tf.Tensor,
  s1: tf.Tensor | undefined,
): tf.Scalar {
  return fused([a, b], ([a, b], save) => {
    save(a, b);
    return {
      value: tf.tidy(() => chargeOf(change(a, b), s0, s1)),
      gradient: (dy, saved) => {
        const [a, b] = saved as tf.Tensor2D[];
        const slope = tf.mul(slopeOf(change(a, b), s0, s1), tf.mul(dy, scale));
        return [product(b, slope, true), product(slope, a, false, true)];
      },
    };
  });
}

function merged({ a, b, scale }: LowRankFactors): tf.Tensor2D {
  return tf.mul(product<tf.Tensor2D>(b, a), scale) as tf.Tensor2D;
}

function chargeOf(d: tf.Tensor, s0: tf.Tensor, s1: tf.Tensor | undefined): tf.Scalar {
  const pull = tf.mul(s0, d);
  return tf.sum(tf.mul(d, s1 ? tf.add(pull, tf.mul(s1, 2)) : pull)) as tf.Scalar;
}

function slopeOf(d: tf.Tensor, s0: tf.Tensor, s1: tf.Tensor | undefined): tf.Tensor {
  const pull = tf.mul(s0, d);
  return tf.mul(s1 ? tf.add(pull, s1) : pull, 2);
}
