import * as tf from '@tensorflow/tfjs-core';

/** The part of the native backend that hands values to TensorFlow. */
interface UploadingBackend extends tf.KernelBackend {
  /** TensorFlow's handles of tensors; values that JavaScript still holds are handed over and let go. */
  getInputTensorIds(tensors: readonly { readonly dataId: object }[]): number[];
}

/** Loads that are going on. */
let loads = 0;

/**
 * Runs `load` with the values of every tensor that is made meanwhile on the engine at once. The native backend would keep the
 * JavaScript array until the tensor is first used, and so hold all weights twice as long as a model is loaded; the other
 * engines take values at once anyway.
 */
export async function uploadingAtOnce<R>(load: () => Promise<R>): Promise<R> {
  const backend = tf.backend();
  if (!isUploading(backend)) return load();
  if (loads++ === 0) {
    const write = backend.write.bind(backend);
    backend.write = (...given) => {
      const dataId = write(...given);
      backend.getInputTensorIds([{ dataId }]);
      return dataId;
    };
  }
  try {
    return await load();
  } finally {
    if (--loads === 0) Reflect.deleteProperty(backend, 'write'); // its class's own again
  }
}

function isUploading(backend: tf.KernelBackend): backend is UploadingBackend {
  return 'getInputTensorIds' in backend;
}
