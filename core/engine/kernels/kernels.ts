import * as tf from '@tensorflow/tfjs-core';
import { BFLOAT16, isNativeEngine } from '../native-operations.js';

/** An attribute of an operation. */
export type KernelAttribute = { readonly int: number } | { readonly float: number } | { readonly type: 'f32' | 'bf16' };

/** The part of the native backend that runs operations by name. */
interface NativeBackend extends tf.KernelBackend {
  readonly binding: Readonly<Record<'TF_FLOAT' | 'TF_ATTR_INT' | 'TF_ATTR_FLOAT' | 'TF_ATTR_TYPE', number>>;
  executeMultipleOutputs(name: string, attributes: object[], inputs: object[], outputs: number): tf.Tensor[];
}

let loaded = false;
let switchedOff = 0;
/** Stands for an input that is left out: a tensor without elements that the engine does not count. */
let nothing: { readonly dataId: object } | undefined;

/**
 * Opens a library of this folder's operations, which registers them with TensorFlow; for an engine on the processor (they have no
 * form for a GPU). @throws Error where it does not open
 */
export function loadKernels(library: string): void {
  process.dlopen({ exports: {} } as NodeJS.Module, library);
  loaded = true;
}

/**
 * Whether fused operations run as one native operation each. Elsewhere, on wasm, a GPU, or where they are not compiled, each is
 * composed of TensorFlow.js's own, which is the reference that tests hold them to.
 */
export function hasKernels(): boolean {
  return loaded && switchedOff === 0 && isNativeEngine();
}

/** Runs f with every fused operation composed of TensorFlow.js's own. */
export function withoutKernels<R>(f: () => R): R {
  switchedOff++;
  try {
    return f();
  } finally {
    switchedOff--;
  }
}

/** Runs a native operation; undefined inputs are left out, and outputs that belong to them have no elements. */
export function runKernel(
  name: string,
  inputs: readonly (tf.Tensor | undefined)[],
  attributes: Readonly<Record<string, KernelAttribute>>,
  outputs: number,
): tf.Tensor[] {
  const backend = tf.backend() as NativeBackend;
  nothing ??= { dataId: backend.write(new Float32Array(0), [0], 'float32') };
  const given = inputs.map((input) => input ?? (nothing as object));
  const written = Object.entries(attributes).map(([name, one]) => ({ name, ...attributeOf(one, backend) }));
  return backend.executeMultipleOutputs(`Palimpsest${name}`, written, given, outputs);
}

function attributeOf(attribute: KernelAttribute, { binding }: NativeBackend): { type: number; value: number } {
  if ('int' in attribute) return { type: binding.TF_ATTR_INT, value: attribute.int };
  if ('float' in attribute) return { type: binding.TF_ATTR_FLOAT, value: attribute.float };
  return { type: binding.TF_ATTR_TYPE, value: attribute.type === 'bf16' ? BFLOAT16 : binding.TF_FLOAT };
}
