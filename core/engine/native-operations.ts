import * as tf from '@tensorflow/tfjs-core';

/*
 * Operations of the native engine that TensorFlow.js has no function for, and its bfloat16, the upper half of a float32 (8 bits of
 * exponent, 7 of fraction). TensorFlow.js does not know the type: such a tensor says that it is float32, and only the operations of
 * this file and of kernels/ read it; all others refuse it.
 */

/** TensorFlow's number for the type. */
export const BFLOAT16 = 14;

interface OutputInfo {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

/** The part of the native backend that runs operations by name. */
interface NativeBackend extends tf.KernelBackend {
  readonly binding: Readonly<Record<'TF_FLOAT' | 'TF_INT32' | 'TF_ATTR_TYPE' | 'TF_ATTR_BOOL' | 'TF_ATTR_INT', number>>;
  createOutputTensor(info: OutputInfo): tf.Tensor;
  executeSingleOutput(name: string, attributes: object[], inputs: readonly tf.Tensor[]): tf.Tensor;
}

/** Lets the native backend hand out tensors of the type; once, when it starts. */
export function allowBfloat16(): void {
  const backend = native();
  const { createOutputTensor, binding } = backend;
  backend.createOutputTensor = (info) =>
    createOutputTensor.call(backend, info.dtype === BFLOAT16 ? { ...info, dtype: binding.TF_FLOAT } : info);
}

/** Whether the native engine is in use. */
export function isNativeEngine(): boolean {
  return tf.getBackend() === 'tensorflow';
}

/** Whether the engine in use knows bfloat16. */
export const hasBfloat16 = isNativeEngine;

/** Rounds x [m, n], float32, to the nearest bfloat16. */
export function toBfloat16(x: tf.Tensor2D): tf.Tensor2D {
  return cast(x, native().binding.TF_FLOAT, BFLOAT16);
}

/** x [m, n], bfloat16, in float32 without a change of value. */
export function fromBfloat16(x: tf.Tensor2D): tf.Tensor2D {
  return cast(x, BFLOAT16, native().binding.TF_FLOAT);
}

/** Product of x [m, k] and w [k, n], or [n, k] where `transposed`, all bfloat16, -> [m, n]; sums are taken in float32. */
export function bfloat16Product(x: tf.Tensor2D, w: tf.Tensor2D, transposed: boolean): tf.Tensor2D {
  return matrixProduct(x, w, transposed, BFLOAT16);
}

/**
 * Product of x [m, k] and w [k, n], float32, -> [m, n] by TensorFlow's MatMul, which is faster than the batched product that
 * TensorFlow.js runs, unless an argument is transposed; on other engines TensorFlow.js's own.
 */
export function plainProduct(x: tf.Tensor2D, w: tf.Tensor2D): tf.Tensor2D {
  return isNativeEngine() ? matrixProduct(x, w, false, native().binding.TF_FLOAT) : tf.matMul(x, w);
}

function matrixProduct(x: tf.Tensor2D, w: tf.Tensor2D, transposed: boolean, type: number): tf.Tensor2D {
  return run('MatMul', [ofType('T', type), flag('transpose_a', false), flag('transpose_b', transposed)], [x, w]);
}

/** Rows of w [m, n], bfloat16, at `index` [P] -> [P, n], bfloat16. */
export function bfloat16Rows(w: tf.Tensor2D, index: Int32Array): tf.Tensor2D {
  const { TF_INT32, TF_ATTR_INT } = native().binding;
  const attributes = [
    { name: 'batch_dims', type: TF_ATTR_INT, value: 0 },
    ofType('Tparams', BFLOAT16),
    ofType('Tindices', TF_INT32),
    ofType('Taxis', TF_INT32),
  ];
  return tf.tidy(() => run('GatherV2', attributes, [w, tf.tensor1d(index, 'int32'), tf.scalar(0, 'int32')]));
}

function cast(x: tf.Tensor2D, from: number, to: number): tf.Tensor2D {
  return run('Cast', [ofType('SrcT', from), ofType('DstT', to), flag('Truncate', false)], [x]);
}

function run(name: string, attributes: object[], inputs: readonly tf.Tensor[]): tf.Tensor2D {
  return native().executeSingleOutput(name, attributes, inputs) as tf.Tensor2D;
}

function ofType(name: string, value: number): object {
  return { name, type: native().binding.TF_ATTR_TYPE, value };
}

function flag(name: string, value: boolean): object {
  return { name, type: native().binding.TF_ATTR_BOOL, value };
}

function native(): NativeBackend {
  return tf.backend() as NativeBackend;
}
