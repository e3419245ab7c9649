import * as tf from '@tensorflow/tfjs-core';
import { fused } from './fused.js';
import { transposesExplicitly } from './mat-mul.js';

/** One of the linear layers that a FrozenLinear joins. */
export interface LinearPart {
  /** W [out, in], row-major; a tensor stays the caller's and shares its data. */
  readonly weight: Float32Array | tf.Tensor2D;
  readonly outFeatures: number;
  /** [out] */
  readonly bias?: Float32Array;
}

/**
 * Frozen linear layers of one input, y = x W^T + b with W [out, in] theirs below one another, so that they are one product. Where
 * the engine needs it, W^T is kept for the forward product and W made at the first backward one; elsewhere W serves both.
 */
export class FrozenLinear {
  readonly outFeatures: number;
  /** The first row of every part. */
  readonly starts: readonly number[];
  private readonly turned = transposesExplicitly();
  /** W [out, in]; absent on engines that keep W^T until a gradient is asked for. */
  private weight?: tf.Tensor2D;
  /** W^T [in, out], only where the engine needs it. */
  private transposed?: tf.Tensor2D;
  private readonly bias?: tf.Tensor1D;

  constructor(
    parts: readonly LinearPart[],
    readonly inFeatures: number,
  ) {
    const ends = parts.map((_, i) => parts.slice(0, i + 1).reduce((sum, { outFeatures }) => sum + outFeatures, 0));
    this.outFeatures = ends[ends.length - 1];
    this.starts = [0, ...ends.slice(0, -1)];
    const weight = tf.tidy(() => joinedWeight(parts, inFeatures));
    if (this.turned) {
      this.transposed = turn(weight);
      weight.dispose();
    } else this.weight = weight;
    if (parts.some(({ bias }) => bias)) this.bias = tf.tensor1d(joinedBias(parts, this));
  }

  /** x [N, in] -> [N, out]; the gradient is taken with respect to x only. */
  apply(x: tf.Tensor2D): tf.Tensor2D {
    return fused([x], ([input]) => ({ value: this.forward(input), gradient: (dy) => [this.backward(dy)] }));
  }

  /** x [N, in] -> [N, out], not differentiable. */
  forward(x: tf.Tensor2D): tf.Tensor2D {
    const y: tf.Tensor2D = this.transposed
      ? tf.matMul(x, this.transposed)
      : tf.matMul(x, this.weight as tf.Tensor2D, false, true);
    return this.bias ? tf.add(y, this.bias) : y;
  }

  /** The gradient of x [N, in] from that of the output [N, out]. */
  backward(dy: tf.Tensor2D): tf.Tensor2D {
    return tf.matMul(dy, this.original());
  }

  /** Adds delta [n, in] to the rows of W from `row` on, for good. */
  add(delta: tf.Tensor2D, row = 0): void {
    const below = this.outFeatures - row - delta.shape[0];
    const whole = () => tf.pad(delta, [[row, below], [0, 0]]); // biome-ignore format: one pair an axis
    if (this.weight) this.weight = replaced(this.weight, (old) => tf.add(old, whole()));
    if (this.transposed) this.transposed = replaced(this.transposed, (old) => tf.add(old, turn(whole())));
  }

  /** A copy of `count` rows of W from `row` on, [count, in]; the caller disposes it. */
  copy(row = 0, count = this.outFeatures): tf.Tensor2D {
    return tf.tidy(() => {
      if (this.weight) return tf.slice(this.weight, [row, 0], [count, this.inFeatures]);
      return turn(tf.slice(this.transposed as tf.Tensor2D, [0, row], [this.inFeatures, count]));
    });
  }

  dispose(): void {
    tf.dispose([this.weight, this.transposed, this.bias].filter((t) => t !== undefined));
  }

  private original(): tf.Tensor2D {
    this.weight ??= tf.keep(turn(this.transposed as tf.Tensor2D));
    return this.weight;
  }
}

function joinedWeight(parts: readonly LinearPart[], inFeatures: number): tf.Tensor2D {
  const weights = parts.map(({ weight, outFeatures }) =>
    weight instanceof tf.Tensor ? tf.clone(weight) : tf.tensor2d(weight, [outFeatures, inFeatures]),
  );
  return weights.length === 1 ? weights[0] : tf.concat2d(weights, 0);
}

function joinedBias(parts: readonly LinearPart[], { outFeatures, starts }: FrozenLinear): Float32Array {
  const joined = new Float32Array(outFeatures);
  for (const [i, { bias }] of parts.entries()) if (bias) joined.set(bias, starts[i]);
  return joined;
}

function turn(x: tf.Tensor2D): tf.Tensor2D {
  return tf.transpose(x);
}

function replaced(old: tf.Tensor2D, by: (old: tf.Tensor2D) => tf.Tensor2D): tf.Tensor2D {
  const made = tf.keep(tf.tidy(() => by(old)));
  old.dispose();
  return made;
}
