import * as tf from '@tensorflow/tfjs-core';
import type { NamedTensors } from '../contracts/tensors.js';

/**
 * Lays named tensors of fixed shapes end to end in one vector [n], so that arithmetic over all of them is a few
 * operations instead of a few per tensor.
 */
export class Packing {
  readonly names: readonly string[];
  private readonly shapes: readonly number[][];
  private readonly sizes: number[];

  /** Takes names, order and shapes of the tensors; keeps none of them. */
  constructor(like: NamedTensors) {
    this.names = Object.keys(like);
    this.shapes = this.names.map((name) => like[name].shape);
    this.sizes = this.names.map((name) => like[name].size);
  }

  /** One vector [n] of all tensors; 0 where a name is absent. */
  pack(tensors: NamedTensors): tf.Tensor1D {
    return tf.tidy(() =>
      tf.concat(this.names.map((name, i) => tf.reshape(tensors[name] ?? tf.zeros([this.sizes[i]]), [this.sizes[i]]))),
    );
  }

  /** The tensors of a vector [n]; the caller disposes them. */
  unpack(vector: tf.Tensor1D): NamedTensors {
    return tf.tidy(() => {
      const parts = splitVector(vector, this.sizes);
      return Object.fromEntries(this.names.map((name, i) => [name, tf.reshape(parts[i], this.shapes[i])]));
    });
  }
}

/** The vector's pieces. On wasm by way of JavaScript: there every piece of tf.split reads the whole vector first. */
function splitVector(vector: tf.Tensor1D, sizes: number[]): tf.Tensor1D[] {
  if (tf.getBackend() !== 'wasm') return tf.split(vector, sizes);
  const values = vector.dataSync<'float32'>();
  let end = 0;
  return sizes.map((size) => {
    end += size;
    return tf.tensor1d(values.subarray(end - size, end));
  });
}

const CHUNK = 1024;

/** L2 norm of a vector [n]: sums of 1024 squares by the engine, the rest in double precision. */
export function l2Norm(vector: tf.Tensor1D): number {
  return tf.tidy(() => {
    const filled = tf.pad(vector, [[0, (CHUNK - (vector.size % CHUNK)) % CHUNK]]);
    const sums = tf.sum(tf.square(tf.reshape(filled, [-1, CHUNK])), 1).dataSync<'float32'>();
    return Math.sqrt(sums.reduce((total, sum) => total + sum, 0));
  });
}
