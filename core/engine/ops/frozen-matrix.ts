import * as tf from '@tensorflow/tfjs-core';
import { bfloat16Product, bfloat16Rows, fromBfloat16, plainProduct, toBfloat16 } from '../native-operations.js';
import { transposesExplicitly } from './mat-mul.js';
import type { Precision } from './precision.js';

/** A matrix W [out, in] that products are taken with and that no gradient flows to. */
export interface FrozenMatrix {
  readonly precision: Precision;
  /** x [N, in] -> x W^T [N, out], both in the matrix's precision. */
  forward(x: tf.Tensor2D): tf.Tensor2D;
  /** dy [N, out] -> dy W [N, in], both in the matrix's precision. */
  backward(dy: tf.Tensor2D): tf.Tensor2D;
  /** In float32, rows of W at `index` [P] -> [P, in]. */
  rows(index: Int32Array): tf.Tensor2D;
  /** W := W + delta() [out, in] */
  add(delta: () => tf.Tensor2D): void;
  /** A copy of `count` rows from `row` on, [count, in]; the caller disposes it. */
  copy(row: number, count: number): tf.Tensor2D;
  /** May be called again. */
  dispose(): void;
}

/** @param weight [out, in], taken over @param asRows whether its rows are read too (an embedding) */
export function frozenMatrix(weight: tf.Tensor2D, precision: Precision, asRows = false): FrozenMatrix {
  if (precision === 'bf16') return new Bfloat16Matrix(weight);
  return transposesExplicitly() ? new TurnedMatrix(weight, asRows) : new PlainMatrix(weight);
}

class PlainMatrix implements FrozenMatrix {
  readonly precision = 'f32';

  constructor(private weight: tf.Tensor2D) {}

  forward(x: tf.Tensor2D): tf.Tensor2D {
    return tf.matMul(x, this.weight, false, true);
  }

  backward(dy: tf.Tensor2D): tf.Tensor2D {
    return plainProduct(dy, this.weight);
  }

  rows(index: Int32Array): tf.Tensor2D {
    return tf.gather(this.weight, tf.tensor1d(index, 'int32'));
  }

  add(delta: () => tf.Tensor2D): void {
    this.weight = replaced(this.weight, (old) => tf.add(old, delta()));
  }

  copy(row: number, count: number): tf.Tensor2D {
    return tf.slice(this.weight, [row, 0], [count, -1]);
  }

  dispose(): void {
    this.weight.dispose();
  }
}

/** Where a product with a transposed argument is slow: W^T for the forward product, W made at the first backward one. */
class TurnedMatrix implements FrozenMatrix {
  readonly precision = 'f32';
  private transposed: tf.Tensor2D;
  private weight?: tf.Tensor2D;

  constructor(weight: tf.Tensor2D, keepsBoth: boolean) {
    this.transposed = turn(weight);
    if (keepsBoth) this.weight = weight;
    else weight.dispose();
  }

  forward(x: tf.Tensor2D): tf.Tensor2D {
    return tf.matMul(x, this.transposed);
  }

  backward(dy: tf.Tensor2D): tf.Tensor2D {
    return tf.matMul(dy, this.original());
  }

  rows(index: Int32Array): tf.Tensor2D {
    return tf.gather(this.original(), tf.tensor1d(index, 'int32'));
  }

  add(delta: () => tf.Tensor2D): void {
    this.transposed = replaced(this.transposed, (old) => tf.add(old, turn(delta())));
    if (this.weight) this.weight = replaced(this.weight, (old) => tf.add(old, delta()));
  }

  copy(row: number, count: number): tf.Tensor2D {
    return tf.tidy(() => turn(tf.slice(this.transposed, [0, row], [-1, count])));
  }

  dispose(): void {
    tf.dispose(this.weight ? [this.transposed, this.weight] : this.transposed);
  }

  private original(): tf.Tensor2D {
    this.weight ??= tf.keep(turn(this.transposed));
    return this.weight;
  }
}

/** Half the memory, and products as fast as bfloat16 allows; what is added is rounded once more. */
class Bfloat16Matrix implements FrozenMatrix {
  readonly precision = 'bf16';
  private weight: tf.Tensor2D;

  constructor(weight: tf.Tensor2D) {
    this.weight = toBfloat16(weight);
    weight.dispose();
  }

  forward(x: tf.Tensor2D): tf.Tensor2D {
    return bfloat16Product(x, this.weight, true);
  }

  backward(dy: tf.Tensor2D): tf.Tensor2D {
    return bfloat16Product(dy, this.weight, false);
  }

  rows(index: Int32Array): tf.Tensor2D {
    return tf.tidy(() => fromBfloat16(bfloat16Rows(this.weight, index)));
  }

  add(delta: () => tf.Tensor2D): void {
    this.weight = replaced(this.weight, (old) => toBfloat16(tf.add(fromBfloat16(old), delta())));
  }

  copy(row: number, count: number): tf.Tensor2D {
    return this.rows(Int32Array.from({ length: count }, (_, i) => row + i));
  }

  dispose(): void {
    this.weight.dispose();
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
