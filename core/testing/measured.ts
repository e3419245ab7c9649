import * as tf from '@tensorflow/tfjs-core';

/** Runs work that gives numbers and frees every tensor it made. */
export function measured<R>(work: () => R): R {
  let result: R | undefined;
  tf.tidy(() => {
    result = work();
  });
  return result as R;
}
