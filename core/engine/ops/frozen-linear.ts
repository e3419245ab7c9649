import * as tf from '@tensorflow/tfjs-core';
import { type FrozenMatrix, frozenMatrix } from './frozen-matrix.js';
import { fused } from './fused.js';
import { narrowed, type Precision, widened } from './precision.js';

/** One of the linear layers that a FrozenLinear joins. */
export interface LinearPart {
  /** W [out, in], row-major. */
  readonly weight: Float32Array;
  readonly outFeatures: number;
  /** [out] */
  readonly bias?: Float32Array;
}

/** Frozen linear layers of one input, y = x W^T + b with W [out, in] theirs below one another, so that they are one product. */
export class FrozenLinear {
  /** @param starts the first row of every part @param matrix taken over @param bias [out], taken over */
  constructor(
    private readonly matrix: FrozenMatrix,
    readonly outFeatures: number,
    readonly starts: readonly number[] = [0],
    private readonly bias?: tf.Tensor1D,
  ) {}

  static joined(parts: readonly LinearPart[], inFeatures: number, precision: Precision = 'f32'): FrozenLinear {
    const ends = parts.map((_, i) => parts.slice(0, i + 1).reduce((sum, { outFeatures }) => sum + outFeatures, 0));
    const outFeatures = ends[ends.length - 1];
    const starts = [0, ...ends.slice(0, -1)];
    const weight = tf.tidy(() => {
      const weights = parts.map(({ weight, outFeatures }) => tf.tensor2d(weight, [outFeatures, inFeatures]));
      return weights.length === 1 ? weights[0] : tf.concat2d(weights, 0);
    });
    const bias = new Float32Array(outFeatures);
    for (const [i, part] of parts.entries()) if (part.bias) bias.set(part.bias, starts[i]);
    const biased = parts.some((part) => part.bias);
    const matrix = frozenMatrix(weight, precision);
    return new FrozenLinear(matrix, outFeatures, starts, biased ? tf.tensor1d(bias) : undefined);
  }

  get precision(): Precision {
    return this.matrix.precision;
  }

  /** x [N, in] -> [N, out], both float32; the gradient is taken with respect to x only. */
  apply(x: tf.Tensor2D): tf.Tensor2D {
    const { precision } = this;
    return fused([x], ([input]) => ({
      value: widened(this.forward(narrowed(input, precision)), precision),
      gradient: (dy) => [widened(this.backward(narrowed(dy, precision)), precision)],
    }));
  }

  /** x [N, in] -> [N, out], both in the layers' precision; not differentiable. */
  forward(x: tf.Tensor2D): tf.Tensor2D {
    const y = this.matrix.forward(x);
    if (!this.bias) return y;
    return narrowed(tf.add(widened(y, this.precision), this.bias), this.precision);
  }

  /** The gradient of x [N, in] from that of the output [N, out], both in the layers' precision. */
  backward(dy: tf.Tensor2D): tf.Tensor2D {
    return this.matrix.backward(dy);
  }

  /** Adds delta [n, in] to the rows of W from `row` on, for good. */
  add(delta: tf.Tensor2D, row = 0): void {
    const below = this.outFeatures - row - delta.shape[0];
    this.matrix.add(() => tf.pad2d(delta, [[row, below], [0, 0]])); // biome-ignore format: a pair an axis
  }

  /** A copy of `count` rows of W from `row` on, [count, in]; the caller disposes it. */
  copy(row = 0, count = this.outFeatures): tf.Tensor2D {
    return this.matrix.copy(row, count);
  }

  dispose(): void {
    this.matrix.dispose();
    this.bias?.dispose();
  }
}
