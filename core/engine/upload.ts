import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as tf from '@tensorflow/tfjs-core';
import { override } from './override.js';

/** The part of the native backend that hands values to TensorFlow. */
interface UploadingBackend extends tf.KernelBackend {
  /** TensorFlow's handles of tensors; values that JavaScript still holds are handed over and let go. */
  getInputTensorIds(tensors: readonly { readonly dataId: object }[]): number[];
}

/** From so many bytes on, arrays that the engine has taken over are collected as soon as all loads are over. */
const WORTH_COLLECTING = 2 ** 26;

/** Loads that are going on. */
let loads = 0;
/** Bytes that they have handed over. */
let uploaded = 0;
/** Gives the backend its own `write` back. */
let restore = () => {};

/**
 * Runs `load` with the values of every tensor that is made meanwhile on the engine at once. The native backend would keep the
 * JavaScript array until the tensor is first used, and so hold all weights twice as long as a model is loaded; the other
 * engines take values at once anyway. What JavaScript held is collected in the end.
 */
export async function uploadingAtOnce<R>(load: () => Promise<R>): Promise<R> {
  const backend = tf.backend();
  if (!isUploading(backend)) return load();
  if (loads++ === 0) {
    restore = override(backend, 'write', (write) => (values, ...rest) => {
      const dataId = write(values, ...rest);
      backend.getInputTensorIds([{ dataId }]);
      uploaded += values.byteLength ?? 0;
      return dataId;
    });
  }
  try {
    return await load();
  } finally {
    if (--loads === 0) {
      restore();
      if (uploaded >= WORTH_COLLECTING) collectGarbage();
      uploaded = 0;
    }
  }
}

/** Left to itself, the collector may not run before a training step has made its peak higher by all that waits here. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

function isUploading(backend: tf.KernelBackend): backend is UploadingBackend {
  return 'getInputTensorIds' in backend;
}
