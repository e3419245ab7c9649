import type { ModelSizes } from '../contracts/backbone.js';
import type { Task } from '../contracts/benchmark.js';
import { problem } from '../errors.js';
import { readSafetensors } from '../weights/safetensors.js';
import type { Head } from './heads.js';

/** Mean head activations of tasks that were measured before. */
export interface VectorFile {
  /** Those of the heads given on a task, [n, d_h] row-major. */
  of(task: string, heads: readonly Head[]): Float32Array;
}

/**
 * Reads a safetensors file with a tensor [L, H, d_h] by the name of each task.
 * @throws PalimpsestError MODEL_FILE, TENSOR_INVALID
 */
export async function readVectorFile(path: string, sizes: ModelSizes, tasks: readonly Task[]): Promise<VectorFile> {
  const { tensors } = await readSafetensors(path);
  const shape = [sizes.layers, sizes.heads, sizes.headWidth].join(', ');
  for (const { name } of tasks) {
    const got = tensors.get(name)?.shape.join(', ');
    if (got === shape) continue;
    throw problem('TENSOR_INVALID', {
      where: `${path}, tensor ${name}`,
      expected: `mean head activations [${shape}] for the task of that name`,
      got: got === undefined ? `only ${[...tensors.keys()].join(', ')}` : `[${got}]`,
      remedy: 'Give a file with a tensor for every task, measured with this model.',
    });
  }
  return {
    of(task, heads) {
      const all = tensors.get(task)?.values as Float32Array;
      const width = sizes.headWidth;
      const values = new Float32Array(heads.length * width);
      heads.forEach(([layer, head], i) => {
        const from = (layer * sizes.heads + head) * width;
        values.set(all.subarray(from, from + width), i * width);
      });
      return values;
    },
  };
}
