import type { ModelSizes } from '../contracts/backbone.js';
import { problem } from '../errors.js';
import { readSafetensors } from '../weights/safetensors.js';
import type { Head } from './heads.js';

/** Mean head activations of tasks that were measured before. */
export interface VectorFile {
  /** Tasks that it has. */
  readonly tasks: readonly string[];
  /** Those of the heads given on a task, [n, d_h] row-major. */
  of(task: string, heads: readonly Head[]): Float32Array;
}

/**
 * Reads a safetensors file with a tensor [L, H, d_h] by the name of each task.
 * @param tasks those that it must have; by default all that are there
 * @throws PalimpsestError MODEL_FILE, TENSOR_INVALID
 */
export async function readVectorFile(
  path: string,
  sizes: ModelSizes,
  tasks?: readonly { readonly name: string }[],
): Promise<VectorFile> {
  const { tensors } = await readSafetensors(path);
  const shape = [sizes.layers, sizes.heads, sizes.headWidth].join(', ');
  const names = [...tensors.keys()];
  for (const name of tasks?.map((task) => task.name) ?? names) {
    const got = tensors.get(name)?.shape.join(', ');
    if (got === shape) continue;
    throw problem('TENSOR_INVALID', {
      where: `${path}, tensor ${name}`,
      expected: `mean head activations [${shape}] for the task of that name`,
      got: got === undefined ? `only ${names.join(', ')}` : `[${got}]`,
      remedy: 'Give a file with a tensor for every task, measured with this model.',
    });
  }
  return {
    tasks: names,
    of: (task, heads) => activationsAt(tensors.get(task)?.values as Float32Array, heads, sizes),
  };
}

/** Those of some heads [n, d_h] among the activations of all heads [L, H, d_h], both row-major. */
export function activationsAt(
  all: Float32Array,
  heads: readonly Head[],
  { heads: width, headWidth }: Pick<ModelSizes, 'heads' | 'headWidth'>,
): Float32Array {
  const values = new Float32Array(heads.length * headWidth);
  heads.forEach(([layer, head], i) => {
    const from = (layer * width + head) * headWidth;
    values.set(all.subarray(from, from + headWidth), i * headWidth);
  });
  return values;
}
