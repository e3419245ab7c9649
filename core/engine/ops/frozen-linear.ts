import * as tf from '@tensorflow/tfjs-core';
import { fused } from './fused.js';
import { transposesExplicitly } from './mat-mul.js';

/**
 * A frozen weight [out, in] with optional bias [out], y = x W^T + b. Where the engine needs it, W^T is kept for the forward
 * product and W made at the first backward one; elsewhere W serves both.
 */
export class FrozenLinear {
  private readonly turned = transposesExplicitly();
  /** W [out, in]; absent on engines that keep W^T until a gradient is asked for. */
  private weight?: tf.Tensor2D;
  /** W^T [in, out], only where the engine needs it. */
  private transposed?: tf.Tensor2D;
  private readonly bias?: tf.Tensor1D;

  /** @param values W [out, in], row-major; a tensor stays the caller's and shares its data @param bias [out] */
  constructor(
    values: Float32Array | tf.Tensor2D,
    readonly outFeatures: number,
    readonly inFeatures: number,
    bias?: Float32Array,
  ) {
    const weight = values instanceof tf.Tensor ? tf.clone(values) : tf.tensor2d(values, [outFeatures, inFeatures]);
    if (this.turned) {
      this.transposed = turn(weight);
      weight.dispose();
    } else this.weight = weight;
    if (bias) this.bias = tf.tensor1d(bias);
  }

  /** x [N, in] -> [N, out]; the gradient is taken with respect to x only. */
  apply(x: tf.Tensor2D): tf.Tensor2D {
    return fused([x], ([input]) => ({
      value: this.forward(input),
      gradient: (dy) => [tf.matMul(dy, this.original())],
    }));
  }

  /** Adds delta [out, in] to the weight for good. */
  add(delta: tf.Tensor2D): void {
    if (this.weight) this.weight = replaced(this.weight, (old) => tf.add(old, delta));
    if (this.transposed) this.transposed = replaced(this.transposed, (old) => tf.add(old, turn(delta)));
  }

  /** A copy of W [out, in]; the caller disposes it. */
  copy(): tf.Tensor2D {
    return this.weight ? tf.clone(this.weight) : turn(this.transposed as tf.Tensor2D);
  }

  dispose(): void {
    tf.dispose([this.weight, this.transposed, this.bias].filter((t) => t !== undefined));
  }

  private forward(x: tf.Tensor2D): tf.Tensor2D {
    const y: tf.Tensor2D = this.transposed
      ? tf.matMul(x, this.transposed)
      : tf.matMul(x, this.weight as tf.Tensor2D, false, true);
    return this.bias ? tf.add(y, this.bias) : y;
  }

  private original(): tf.Tensor2D {
    this.weight ??= tf.keep(turn(this.transposed as tf.Tensor2D));
    return this.weight;
  }
}

function turn(x: tf.Tensor2D): tf.Tensor2D {
  return tf.transpose(x);
}

function replaced(old: tf.Tensor2D, by: (old: tf.Tensor2D) => tf.Tensor2D): tf.Tensor2D {
  const made = tf.keep(tf.tidy(() => by(old)));
  old.dispose();
  return made;
}
