import * as tf from '@tensorflow/tfjs-core';

/** A tensor or an array of numbers. */
export type Numbers = tf.Tensor | ArrayLike<number>;

function valuesOf(numbers: Numbers): ArrayLike<number> {
  return numbers instanceof tf.Tensor ? numbers.dataSync() : numbers;
}

/**
 * Compares element by element, by absolute difference. @param what names the values in the error
 * @throws Error with the largest difference, also where lengths differ or a value is not finite
 */
export function expectClose(got: Numbers, want: Numbers, tolerance = 1e-5, what = 'values'): void {
  const [a, b] = [valuesOf(got), valuesOf(want)];
  if (a.length !== b.length) throw new Error(`${what}: ${a.length} values instead of ${b.length}`);
  let worst = 0;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = a[i] === b[i] ? 0 : Math.abs(a[i] - b[i]);
    if (!(difference <= largest)) [worst, largest] = [i, difference];
    if (Number.isNaN(largest)) break;
  }
  if (!(largest <= tolerance)) {
    throw new Error(`${what}: ${a[worst]} instead of ${b[worst]} at index ${worst}, more than ${tolerance} apart`);
  }
}

/**
 * Counts tensors before and after. @returns what `work` returned, which must hold no tensor
 * @throws Error with the number of tensors that were left over or freed in excess
 */
export async function expectNoLeak<R>(work: () => R | Promise<R>): Promise<R> {
  const before = tf.memory().numTensors;
  const result = await work();
  const left = tf.memory().numTensors - before;
  if (left > 0) throw new Error(`${left} ${left === 1 ? 'tensor is' : 'tensors are'} left over`);
  if (left < 0) throw new Error(`${-left} of somebody else's tensors ${left === -1 ? 'was' : 'were'} disposed`);
  return result;
}

/**
 * Central difference (f(x + step) - f(x - step)) / (2 step) at one element of a variable, which is put back afterwards.
 * @param f a function of the variable's value @param index flat, row-major
 */
export function numericGradient(f: () => number, variable: tf.Variable, index: number, step = 1e-2): number {
  const [below, above] = oneSidedGradients(f, variable, index, step);
  return (below + above) / 2;
}

/**
 * The differences (f(x) - f(x - step)) / step and (f(x + step) - f(x)) / step, as above. Where f has a kink, as |x| at 0, the
 * gradient may be anything between them.
 */
export function oneSidedGradients(
  f: () => number,
  variable: tf.Variable,
  index: number,
  step = 1e-2,
): [below: number, above: number] {
  const start = variable.dataSync().slice();
  const at = (value: number): number => {
    assign(variable, start.map((old, i) => (i === index ? value : old)) as Float32Array);
    return f();
  };
  const [lower, here, upper] = [at(start[index] - step), at(start[index]), at(start[index] + step)];
  assign(variable, start as Float32Array);
  return [(here - lower) / step, (upper - here) / step];
}

function assign(variable: tf.Variable, values: Float32Array): void {
  tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
}
