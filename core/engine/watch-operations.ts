import * as tf from '@tensorflow/tfjs-core';
import { microseconds } from './microseconds.js';
import { type Method, override } from './override.js';
import { productFlops } from './product-flops.js';
import { type GradientWatcher, gradientOverrides } from './watch-gradients.js';

/** One operation that the engine ran. */
export interface Operation {
  /** The kernel's name; `readSync` for a tensor's values that were asked for. */
  readonly name: string;
  readonly inputs: readonly (readonly number[])[];
  readonly outputs: readonly (readonly number[])[];
  /** Of its outputs, also where they share the data of an input. */
  readonly bytes: number;
  /** Floating-point operations of a matrix product; undefined for all else. */
  readonly flops?: number;
  /** Microseconds since the process began. */
  readonly start: number;
  readonly end: number;
}

/** Who is told of operations and of gradients being taken. */
export interface OperationWatcher extends GradientWatcher {
  /** Whether it wants to be told now. */
  readonly listens: boolean;
  ran(operation: Operation): void;
}

/** Bytes of a value; strings, of which there are none in a model, count for nothing. */
const widths: Readonly<Record<string, number>> = { float32: 4, int32: 4, bool: 1, complex64: 8 };

/**
 * Watches the engine in use until the function given back is called, which leaves it as it was. Told of are kernels, forward and
 * backward, operations that are run on the native backend directly, and reads of values; what an operation runs inside itself is
 * a part of it.
 */
export function watchOperations(watcher: OperationWatcher): () => void {
  const backend = tf.backend();
  const timed = timer(watcher);
  const undo = [
    override(tf.engine(), 'runKernel', (run) => (name, inputs, attributes) => {
      return timed(
        () => run(name, inputs, attributes),
        (outputs) => ({ name, inputs, outputs, attributes }),
      );
    }),
    ...['executeSingleOutput', 'executeMultipleOutputs']
      .filter((name) => name in backend)
      .map((method) =>
        override(backend, method, (run) => (name, attributes, inputs, count) => {
          return timed(
            () => run(name, attributes, inputs, count),
            (outputs) => ({ name, inputs, outputs, attributes }),
          );
        }),
      ),
    override(backend, 'readSync', (run: Method) => (...parameters) => {
      return timed(
        () => run(...parameters),
        ({ byteLength: bytes = 0 }) => ({ name: 'readSync', bytes }),
      );
    }),
    ...gradientOverrides(watcher),
  ];
  return () => {
    for (const one of undo.reverse()) one();
  };
}

/** What is known of an operation once it has run. */
interface Ran {
  readonly name: string;
  readonly inputs?: object;
  readonly outputs?: tf.TensorInfo | readonly tf.TensorInfo[];
  readonly attributes?: object;
  readonly bytes?: number;
}

/** Runs and times operations that do not stand inside another one. */
function timer(watcher: OperationWatcher) {
  let inside = false;
  return <T>(run: () => T, describe: (result: T) => Ran): T => {
    if (inside || !watcher.listens) return run();
    inside = true;
    try {
      const start = microseconds();
      const result = run();
      const end = microseconds();
      watcher.ran({ ...operationOf(describe(result)), start, end });
      return result;
    } finally {
      inside = false;
    }
  };
}

function operationOf({ name, inputs = {}, outputs = [], attributes, bytes }: Ran): Omit<Operation, 'start' | 'end'> {
  const read: readonly tf.TensorInfo[] = Object.values(inputs).filter((input) => input?.shape);
  const made = [outputs].flat() as readonly tf.TensorInfo[];
  return {
    name,
    inputs: read.map(({ shape }) => shape),
    outputs: made.map(({ shape }) => shape),
    bytes: bytes ?? made.reduce((sum, tensor) => sum + bytesOf(tensor), 0),
    flops: productFlops(name, read, made, attributes ?? undefined),
  };
}

function bytesOf({ shape, dtype }: tf.TensorInfo): number {
  return shape.reduce((size, length) => size * length, widths[dtype] ?? 0);
}
